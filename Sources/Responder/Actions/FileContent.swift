import JSON

/// What `write_file` is to write. It may be most of the request's body, and is not copied out of it: the body becomes it.
enum FileContent: Equatable, Sendable {
    case bytes([UInt8])
    /// It should have been base64.
    case malformed

    /// - Parameters:
    ///   - place: of a JSON string in `body`, without its quotes.
    ///   - isBase64: what the string is; else it is text.
    init(_ place: Place, in body: consuming [UInt8], isBase64: Bool) {
        let count = body.withUnsafeMutableBytes { bytes -> Int? in
            let content = UnsafeRawBufferPointer(rebasing: bytes[place.range])
            // All of these write no further than they have read.
            guard place.hasEscapes else {
                return isBase64 ? Base64.decode(content, over: bytes) : bytes.moveToFront(content)
            }
            let text = UnsafeRawBufferPointer(rebasing: bytes[..<JSONString.unescape(content, into: bytes)])
            return isBase64 ? Base64.decode(text, over: bytes) : text.count
        }
        guard let count else {
            self = .malformed
            return
        }
        body.removeLast(body.count - count)
        self = .bytes(body)
    }

    /// Where a string is in the body.
    struct Place: Equatable, Sendable {
        let range: Range<Int>
        let hasEscapes: Bool
    }
}

extension UnsafeMutableRawBufferPointer {
    /// - Returns: the number of bytes.
    fileprivate func moveToFront(_ bytes: UnsafeRawBufferPointer) -> Int {
        // The two may overlap.
        if let to = baseAddress, let from = bytes.baseAddress { to.copyMemory(from: from, byteCount: bytes.count) }
        return bytes.count
    }
}
