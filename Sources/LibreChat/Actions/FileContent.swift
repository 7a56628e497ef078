import JSON

/// Decodes the content of a file in `write_file` in place, because it may be most of the request's body. The array of
/// the body becomes the array of the content.
enum FileContent {
    /// - Parameters:
    ///   - place: the range of a JSON string in `body`.
    ///   - isBase64: whether the string is base64; false if it is text.
    /// - Returns: nil if the string should be base64 and is not.
    static func bytes(at place: JSONTextPlace, in body: consuming [UInt8], isBase64: Bool) -> [UInt8]? {
        let count = body.withUnsafeMutableBytes { bytes -> Int? in
            let content = UnsafeRawBufferPointer(rebasing: bytes[place.range])
            // Each of these functions writes at or before the position that it has read.
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
    /// Moves the bytes to the beginning of this buffer, of which they are a part.
    ///
    /// - Returns: the number of bytes.
    fileprivate func moveToFront(_ bytes: UnsafeRawBufferPointer) -> Int {
        // The two ranges may overlap, which copyMemory allows.
        if let to = baseAddress, let from = bytes.baseAddress { to.copyMemory(from: from, byteCount: bytes.count) }
        return bytes.count
    }
}
