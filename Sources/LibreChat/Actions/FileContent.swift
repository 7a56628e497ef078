import JSON

/// What `write_file` is to write. It may be most of the request's body, and is not copied out of it: the body becomes it.
enum FileContent {
    /// - Parameters:
    ///   - place: of a JSON string in `body`.
    ///   - isBase64: what the string is; else it is text.
    /// - Returns: nil: it should have been base64.
    static func bytes(at place: JSONTextPlace, in body: consuming [UInt8], isBase64: Bool) -> [UInt8]? {
        let count = body.withUnsafeMutableBytes { bytes -> Int? in
            let content = UnsafeRawBufferPointer(rebasing: bytes[place.range])
            // All of these write no further than they have read.
            guard place.hasEscapes else {
                return isBase64 ? Base64.decode(content, over: bytes) : bytes.moveToFront(content)
            }
            let text = UnsafeRawBufferPointer(rebasing: bytes[..<JSONString.unescape(content, into: bytes)])
            return isBase64 ? Base64.decode(text, over: bytes) : text.count
        }
        guard let count else { return nil }
        body.removeLast(body.count - count)
        return body
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
