package import ImageGate
package import Interpreter

/// Images of an answer that the model shows by repeating links, because what shows the answer takes no images.
package struct PictureLinks {
    /// Images that have no link.
    package private(set) var images: [AdmittedImage] = []
    /// What the model is told; nil without links.
    package private(set) var text: String?

    /// - Parameter links: one for each image, or none at all.
    package init(_ images: [AdmittedImage], _ links: [LinkToFileResult?]) {
        var lines: [String] = []
        for (index, image) in images.enumerated() {
            if index < links.count, let link = links[index] {
                lines.append(Self.markdown(link, index))
            } else {
                self.images.append(image)
            }
        }
        guard !lines.isEmpty else { return }
        text = "\(Self.instruction)\n\n\(lines.joined(separator: "\n"))"
    }

    static let instruction = "The user sees these images only if your answer has these lines, exactly as they are:"

    /// The same for a reply whose images have the line themselves.
    static let markdownInstruction =
        "The user sees an image only if your answer has its `markdown`, exactly as it is."

    static func markdown(_ link: LinkToFileResult, _ index: Int) -> String { "![image \(index + 1)](\(link.url))" }
}

extension ToolContent {
    /// - Parameter links: one for each image, or none at all.
    package init(text: String, images: [AdmittedImage], links: [LinkToFileResult?]) {
        let links = PictureLinks(images, links)
        self.init(
            text: [text, links.text].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "\n\n"),
            images: links.images)
    }
}
