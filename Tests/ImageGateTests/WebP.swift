/// The container of a WebP, written as the test says.
enum WebP {
    static func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    static func chunk(_ name: String, _ payload: [UInt8]) -> [UInt8] {
        Array(name.utf8) + number(payload.count, 4) + payload + (payload.count.isMultiple(of: 2) ? [] : [0])
    }

    static func file(_ chunks: [UInt8]...) -> [UInt8] {
        let body = chunks.flatMap { $0 }
        return Array("RIFF".utf8) + number(4 + body.count, 4) + Array("WEBP".utf8) + body
    }

    static func header(_ width: Int, _ height: Int, isAnimated: Bool = false, hasExif: Bool = false) -> [UInt8] {
        let flags: UInt8 = (isAnimated ? 2 : 0) | (hasExif ? 8 : 0)
        return chunk("VP8X", [flags, 0, 0, 0] + number(width - 1, 3) + number(height - 1, 3))
    }

    static func frame(_ left: Int, _ top: Int, _ image: [UInt8], width: Int = 1, height: Int = 1) -> [UInt8] {
        let place = number(left / 2, 3) + number(top / 2, 3) + number(width - 1, 3) + number(height - 1, 3)
        return chunk("ANMF", place + [0, 0, 0, 0] + image)
    }
}
