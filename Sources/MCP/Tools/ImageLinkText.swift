import Interpreter

/// The text of links to images, with a sentence that tells the model how to use them.
struct ImageLinkText {
    private let links: [ImageLink]

    init(_ links: [ImageLink]) { self.links = links }

    var text: String {
        let linked = links.filter { $0.link != nil }
        let lost = links.filter { $0.link == nil && !$0.isShown }
        var lines: [String] = []
        if !linked.isEmpty {
            lines.append(
                linked.contains { !$0.isShown }
                    ? "The user has not seen these images; give these links, as ![](link), for those that matter:"
                    : "Links to the images as they were made:")
            for image in linked {
                guard let link = image.link else { continue }
                lines.append("Image \(image.number): \(link.sentence)")
            }
        }
        for image in lost {
            lines.append("Image \(image.number): not shown, and the sandbox did not take it as a file for a link.")
        }
        return lines.joined(separator: "\n")
    }
}
