import Foundation

import JSON

/// Base64 in both ways, beside Foundation's.
enum Base64Texts {
    static func check(_ bytes: [UInt8]) throws(Violation) {
        let text = Base64.encode(bytes)
        try require(text == Data(bytes).base64EncodedString(), "encodes \(bytes) to \(text)")
        try require(decoded(Array(text.utf8)) == bytes, "does not decode \(text)")
        try checkDecoding(bytes)
    }

    private static func checkDecoding(_ text: [UInt8]) throws(Violation) {
        let compact = text.filter { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }
        // Foundation forgives padding in odd places; we do not.
        let padding = compact.firstIndex(of: UInt8(ascii: "=")).map { compact[$0...] } ?? []
        let isPlain =
            compact.count.isMultiple(of: 4) && padding.count <= 2 && padding.allSatisfy { $0 == UInt8(ascii: "=") }
        let reference = isPlain ? Data(base64Encoded: Data(compact)).map { [UInt8]($0) } : nil
        let ours = decoded(text)
        try require(ours == reference, "\(text) is \(ours as Any), and for Foundation \(reference as Any)")
    }

    private static func decoded(_ text: [UInt8]) -> [UInt8]? { text.withUnsafeBytes(Base64.decode) }
}
