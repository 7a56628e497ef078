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
        do throws(ImageGateError) {
            again = try SVGImage(sanitising: image.bytes, policy: policy)
        } catch {
            throw Violation("a cleaned drawing is rejected: \(error)")
        }
        try require(again == image, "a cleaned drawing is cleaned further")
        try require(SVGImage(sanitised: image.bytes, policy: policy) == image, "a cleaned drawing is not believed")
        try checkDropping(bytes, image, policy)
    }

    /// Of what is believed without a parser the parser thinks the same; but images within are only decoded with it.
    static func checkBelief(_ bytes: [UInt8], _ policy: ImagePolicy) throws(Violation) {
        guard let believed = SVGImage(sanitised: bytes, policy: policy) else { return }
        guard !String(decoding: bytes, as: UTF8.self).contains("<image ") else { return }
        let image = try? SVGImage(sanitising: bytes, policy: policy, mends: false)
        try require(image == believed, "what is believed is not clean")
    }

    /// An element that is not known leaves no trace, wherever it is: neither a tag nor text of what is inside.
    private static func checkDropping(_ bytes: [UInt8], _ image: SVGImage, _ policy: ImagePolicy) throws(Violation) {
        // Of a document in another encoding, or with entities, the parser sees other bytes.
        guard let (source, range) = try? SVGPreflight.body(of: bytes), source == bytes else { return }
        let body = bytes[range]
        // In a comment it would be no element; and there may be one from here on.
        let isMarkup = { (index: Int) in [UInt8(ascii: "!"), UInt8(ascii: "?")].contains(body[index + 1]) }
        let tags = body.indices.dropLast().filter { body[$0] == UInt8(ascii: "<") }.prefix { !isMarkup($0) }.dropFirst()
        for index in tags.evenly(4) {
            let more = Array(bytes[..<index]) + unknown + Array(bytes[index...])
            // It may be one too many, or too deep.
            guard let other = try? SVGImage(sanitising: more, policy: policy) else { continue }
            try require(other == image, "an unknown element leaves something behind")
        }
    }

    private static let unknown = Array(
        "<zz fill='red'>zz<text id='zz'>zz</text><style>zz{fill:red}</style><![CDATA[zz]]></zz>".utf8)

    /// No handlers, and no reference leads outside.
    private static func check(_ name: String, _ value: String) throws(Violation) {
        try require(!name.lowercased().hasPrefix("on"), "a cleaned drawing has \(name)")
        if name == "href" || name.hasSuffix(":href") {
            let targets = ["#", "data:image/png;base64,", "data:image/jpeg;base64,", "data:image/svg+xml;base64,"]
            try require(targets.contains { value.hasPrefix($0) }, "a cleaned drawing has \(name)=\(value)")
        } else if !SVGAllowList.plainAttributes.contains(name), name != "id" {
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

extension Collection {
    /// At most so many of them, from all over.
    fileprivate func evenly(_ limit: Int) -> [Element] {
        let all = Array(self)
        return all.count <= limit ? all : (0..<limit).map { all[$0 * all.count / limit] }
    }
}
