internal import CImage

/// Brings documents to UTF-8: compressed ones (`.svgz`), UTF-16, and the single-byte encodings that programs declare.
enum SVGEncoding {
    /// - Parameter limit: the largest number of bytes of the result.
    static func utf8(_ bytes: [UInt8], limit: Int) throws(ImageGateError) -> [UInt8] {
        let bytes = isCompressed(bytes) ? try inflated(bytes, limit: limit) : bytes
        let text = try decoded(bytes)
        guard text.count <= limit else { throw .tooManyBytes(count: text.count, limit: limit) }
        return text
    }

    static func isCompressed(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    private static func inflated(_ bytes: [UInt8], limit: Int) throws(ImageGateError) -> [UInt8] {
        var status = cimage_status.malformed
        let text = [UInt8](unsafeUninitializedCapacity: limit) { out, count in
            guard let room = out.baseAddress else { return }
            count = limit
            bytes.withUnsafeBufferPointer { bytes in
                if let input = bytes.baseAddress { status = cimage_gunzip(input, bytes.count, room, &count) }
            }
            if status != .ok { count = 0 }
        }
        switch status {
        case .ok: return text
        case .too_large: throw .tooManyBytes(count: limit + 1, limit: limit)
        case .out_of_memory: throw .outOfMemory
        case .malformed: throw .malformed(.svg, why: "SVG does not decompress")
        }
    }

    private static func decoded(_ bytes: [UInt8]) throws(ImageGateError) -> [UInt8] {
        switch (bytes.first, bytes.dropFirst().first) {
        case (0xFF, 0xFE): return utf16(bytes.dropFirst(2), isBigEndian: false)
        case (0xFE, 0xFF): return utf16(bytes.dropFirst(2), isBigEndian: true)
        case (0x3C, 0x00): return utf16(bytes[...], isBigEndian: false)
        case (0x00, 0x3C): return utf16(bytes[...], isBigEndian: true)
        default: break
        }
        guard let name = declaredName(bytes) else { return bytes }
        guard isKnown(name) else { throw .forbidden(.svg, what: "an encoding other than UTF-8") }
        // A document that came as text has been brought to UTF-8 already, and still declares what it was written in. No
        // text of another encoding is valid UTF-8 by chance, unless it is ASCII.
        if String(validating: bytes, as: UTF8.self) != nil { return bytes }
        guard let table = SVGSingleByteEncoding(name) else {
            throw .forbidden(.svg, what: "an encoding other than UTF-8")
        }
        var scalars = String.UnicodeScalarView()
        for byte in bytes { scalars.append(table.scalar(byte)) }
        return Array(String(scalars).utf8)
    }

    private static func utf16(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> [UInt8] {
        let start = bytes.startIndex
        let units = (0..<bytes.count / 2).map { index in
            let (first, second) = (UInt16(bytes[start + 2 * index]), UInt16(bytes[start + 2 * index + 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// The name of the encoding in the XML declaration, in lower case; nil if there is none.
    private static func declaredName(_ bytes: [UInt8]) -> String? {
        var head = bytes.prefix(1024)
        if head.starts(with: [0xEF, 0xBB, 0xBF]) { head.removeFirst(3) }
        head = head.drop { $0.isXMLSpace }
        guard head.starts(with: "<?xml".utf8), head.dropFirst(5).first?.isXMLSpace ?? false else { return nil }
        let text = String(decoding: head, as: UTF8.self)
        guard let end = text.firstRange(of: "?>"),
            let name = text[..<end.lowerBound].lowercased().split(separator: "encoding", maxSplits: 1).dropFirst().first
        else { return nil }
        return String(
            name.drop { $0 == "=" || $0 == "\"" || $0 == "'" || $0.isWhitespace }
                .prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
    }

    /// Whether a text in this encoding is read if it is ASCII or UTF-8. The others write ASCII in other ways.
    private static func isKnown(_ name: String) -> Bool {
        ["utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be"].contains(name)
            || SVGSingleByteEncoding(name) != nil
            || ["iso-8859-", "windows-125", "koi8-", "gb", "big5", "shift_jis", "euc-"].contains(where: name.hasPrefix)
    }
}
