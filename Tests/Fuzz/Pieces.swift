@testable import JSON

/// JSON and base64 that arrive in pieces are read as the whole is.
enum Pieces {
    /// The first byte says how large the pieces are.
    static func check(_ bytes: [UInt8]) throws(Violation) {
        guard let first = bytes.first else { return }
        let text = Array(bytes.dropFirst())
        try checkObject(text, size: Int(first) % 20 + 1)
        try checkBase64(text, size: Int(first) % 20 + 1)
    }

    private static func checkObject(_ text: [UInt8], size: Int) throws(Violation) {
        let whole = object(text, size: max(1, text.count))
        let pieces = object(text, size: size)
        try require(whole?.content == pieces?.content && whole?.rest == pieces?.rest, "pieces are another object")
        let isObject = text.withUnsafeBytes { bytes in
            (try? JSONScanner.members(of: bytes) { _, _ in }) != nil && bytes.isUTF8
        }
        try require(isObject == (whole != nil), "the scanner says \(isObject)")
    }

    /// The content is nil if half of a surrogate pair is in it: it is refused then, and how much of it was handed over depends
    /// on the pieces.
    private static func object(_ text: [UInt8], size: Int) -> (content: [UInt8]?, rest: [UInt8])? {
        var stream = JSONObjectStream(streaming: "fileContent")
        var content: [UInt8] = []
        for start in stride(from: 0, to: text.count, by: size) {
            let piece = text[start..<min(start + size, text.count)]
            guard (try? piece.withUnsafeBytes { try stream.read($0, into: &content) }) != nil else { return nil }
        }
        let hasHalfPair = stream.hasHalfPair
        guard let rest = try? stream.finish() else { return nil }
        return (hasHalfPair ? nil : content, rest)
    }

    private static func checkBase64(_ text: [UInt8], size: Int) throws(Violation) {
        var stream = Base64Stream()
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: text.count, by: size) {
            var piece = Array(text[start..<min(start + size, text.count)])
            _ = stream.decode(&piece)
            bytes += piece
        }
        var room = text
        let count = room.withUnsafeMutableBytes { Base64.decode(UnsafeRawBufferPointer($0), over: $0) }
        try require(stream.finish().map { bytes + $0 } == count.map { Array(room[..<$0]) }, "pieces are other base64")
    }
}
