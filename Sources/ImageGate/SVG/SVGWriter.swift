/// Writes XML in a form that all parsers read in the same way.
struct SVGWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether the last start tag still lacks its `>`.
    private var isTagOpen = false

    mutating func open(_ element: String) {
        closeTag()
        bytes.append(UInt8(ascii: "<"))
        bytes += element.utf8
        isTagOpen = true
    }

    mutating func attribute(_ name: String, _ value: String) {
        bytes.append(UInt8(ascii: " "))
        bytes += name.utf8
        bytes += "=\"".utf8
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += "&quot;".utf8
            // A parser would turn these characters into spaces if they were not written as references.
            case 0x09, 0x0A, 0x0D: bytes += "&#\(byte);".utf8
            default: append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func text(_ text: String) {
        guard !text.isEmpty else { return }
        closeTag()
        for byte in text.utf8 {
            if byte == 0x0D { bytes += "&#13;".utf8 } else { append(byte) }
        }
    }

    mutating func close(_ element: String) {
        guard !isTagOpen else {
            bytes += "/>".utf8
            isTagOpen = false
            return
        }
        bytes += "</".utf8
        bytes += element.utf8
        bytes.append(UInt8(ascii: ">"))
    }

    private mutating func closeTag() {
        if isTagOpen { bytes.append(UInt8(ascii: ">")) }
        isTagOpen = false
    }

    private mutating func append(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "&"): bytes += "&amp;".utf8
        case UInt8(ascii: "<"): bytes += "&lt;".utf8
        case UInt8(ascii: ">"): bytes += "&gt;".utf8
        default: bytes.append(byte)
        }
    }
}
