extension Base64 {
    /// Encodes with padding and without line breaks.
    package static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: encodedCount(of: bytes)) { room in
            bytes.withUnsafeBytes { encode($0, into: UnsafeMutableRawBufferPointer(room)) }
            return encodedCount(of: bytes)
        }
    }

    /// The number of characters into which `bytes` are encoded.
    static func encodedCount(of bytes: [UInt8]) -> Int { (bytes.count + 2) / 3 * 4 }

    /// Encodes into `room`.
    ///
    /// - Parameter room: memory of at least ``encodedCount(of:)`` bytes.
    static func encode(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) {
        precondition(room.count >= (bytes.count + 2) / 3 * 4)
        pairs.withUnsafeBufferPointer { pairs in
            func pair(_ bits: UInt64) -> UInt64 { UInt64(pairs[Int(bits & 0xFFF)]) }

            var read = 0
            var written = 0
            // Each step encodes six bytes as eight characters. It loads eight bytes, of which it ignores the last two.
            while read + 8 <= bytes.count {
                let word = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: read, as: UInt64.self))
                let text = pair(word >> 52) | pair(word >> 40) << 16 | pair(word >> 28) << 32 | pair(word >> 16) << 48
                room.storeBytes(of: text.littleEndian, toByteOffset: written, as: UInt64.self)
                read += 6
                written += 8
            }
            while read < bytes.count {
                let count = min(3, bytes.count - read)
                var group = UInt64(bytes[read]) << 16
                if count > 1 { group |= UInt64(bytes[read + 1]) << 8 }
                if count > 2 { group |= UInt64(bytes[read + 2]) }
                let text = UInt32(pair(group >> 12) | pair(group) << 16)
                room.storeBytes(of: text.littleEndian, toByteOffset: written, as: UInt32.self)
                for place in (count + 1)..<4 { room[written + place] = UInt8(ascii: "=") }
                read += 3
                written += 4
            }
        }
    }

    /// The two characters for each value of twelve bits, with the first character in the lower byte. This table halves
    /// the number of steps compared with a table for six bits, and its 8 KiB stay in the first-level cache.
    private static let pairs: [UInt16] = {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return alphabet.flatMap { first in alphabet.map { second in UInt16(first) | UInt16(second) << 8 } }
    }()
}

extension [UInt8] {
    /// Appends the base64 of `bytes`, with padding and without line ends.
    package mutating func append(base64 bytes: [UInt8]) {
        let start = count
        append(contentsOf: repeatElement(UInt8(ascii: "="), count: Base64.encodedCount(of: bytes)))
        withUnsafeMutableBytes { text in
            let room = UnsafeMutableRawBufferPointer(rebasing: text[start...])
            bytes.withUnsafeBytes { Base64.encode($0, into: room) }
        }
    }
}
