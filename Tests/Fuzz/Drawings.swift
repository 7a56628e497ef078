@testable import ImageGate

/// What holds of every drawing that was cleaned.
enum Drawings {
    static func check(_ bytes: [UInt8], _ policy: ImagePolicy) throws(Violation) {
        guard let image = try? SVGImage(sanitising: bytes, policy: policy) else { return }
        let text = String(decoding: image.bytes, as: UTF8.self)
        for tag in ["<script", "<iframe", "<foreignObject", "<animate", "<set", "<!", "<?"] {
            try require(!text.contains(tag), "a cleaned drawing has \(tag)")
        }
        for (name, value) in attributes(of: image.bytes) { try check(name, value) }
        let again: SVGImage
        do throws(ImageRejection) {
            again = try SVGImage(sanitising: image.bytes, policy: policy)
        } catch {
            throw Violation("a cleaned drawing is rejected: \(error)")
        }
        try require(again == image, "a cleaned drawing is cleaned further")
    }

    /// No handlers, and no reference leads outside.
    private static func check(_ name: String, _ value: String) throws(Violation) {
        try require(!name.lowercased().hasPrefix("on"), "a cleaned drawing has \(name)")
        if name == "href" || name.hasSuffix(":href") {
            let targets = ["#", "data:image/png;base64,", "data:image/jpeg;base64,"]
            try require(targets.contains { value.hasPrefix($0) }, "a cleaned drawing has \(name)=\(value)")
        } else if !SVGVocabulary.plainAttributes.contains(name), name != "id" {
            let plain = value.lowercased().replacing("&quot;", with: "")
            for target in plain.split(separator: "url(", omittingEmptySubsequences: false).dropFirst() {
                let start = target.first { $0 != "'" && $0 != " " }
                try require(start == "#", "a cleaned drawing has \(name)=\(value)")
            }
        }
    }

    /// As the writer writes them: in double quotes, with `<` and quotes as entities.
    private static func attributes(of document: [UInt8]) -> [(name: String, value: String)] {
        var attributes: [(name: String, value: String)] = []
        for tag in document.split(separator: UInt8(ascii: "<")) {
            var rest = tag.drop { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: ">") }
            while rest.first == UInt8(ascii: " ") {
                let name = rest.dropFirst().prefix { $0 != UInt8(ascii: "=") }
                let value = rest.dropFirst(name.count + 3).prefix { $0 != UInt8(ascii: "\"") }
                attributes.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
                rest = rest.dropFirst(name.count + value.count + 4)
            }
        }
        return attributes
    }
}
