/// GIFs made without any image library, right or wrong as a test wants them.
struct SampleGIF {
    var width = 4
    var height = 3
    /// Red, green and blue; a power of two of them.
    var palette: [[UInt8]] = [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]
    var frames = [Frame()]

    struct Frame {
        var left = 0
        var top = 0
        var width = 4
        var height = 3
        /// Empty: the GIF's.
        var palette: [[UInt8]] = []
        var isInterlaced = false
        var transparentIndex: UInt8?
        var codeWidth = 2
        /// Codes, from the clear code to the end code, in sub-blocks.
        var data = LZW(codeWidth: 2).packed(Array(repeating: 1, count: 12))
    }

    private func number(_ value: Int) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8)] }

    private func flags(_ palette: [[UInt8]]) -> UInt8 {
        palette.isEmpty ? 0 : 0x80 | UInt8(palette.count.trailingZeroBitCount - 1)
    }

    var bytes: [UInt8] {
        let screen = Array("GIF89a".utf8) + number(width) + number(height) + [flags(palette), 0, 0]
        return screen + Array(palette.joined()) + frames.flatMap(bytes) + [0x3B]
    }

    func bytes(_ frame: Frame) -> [UInt8] {
        var bytes: [UInt8] = frame.transparentIndex.map { [0x21, 0xF9, 4, 1, 0, 0, $0, 0] } ?? []
        bytes.append(0x2C)
        for field in [frame.left, frame.top, frame.width, frame.height] { bytes += number(field) }
        bytes.append(flags(frame.palette) | (frame.isInterlaced ? 0x40 : 0))
        bytes += frame.palette.joined()
        bytes.append(UInt8(frame.codeWidth))
        return bytes + frame.data
    }

    /// Of one image that covers the screen.
    static func picture(
        _ width: Int, _ height: Int, codeWidth: Int = 8, isInterlaced: Bool = false, clearsWhenFull: Bool = true,
        pixel: (Int, Int) -> UInt8
    ) -> SampleGIF {
        let passes = isInterlaced ? [(0, 8), (4, 8), (2, 4), (1, 2)] : [(0, 1)]
        let rows = passes.flatMap { stride(from: $0.0, to: height, by: $0.1) }
        let pixels = rows.flatMap { y in (0..<width).map { pixel($0, y) } }
        let data = LZW(codeWidth: codeWidth, clearsWhenFull: clearsWhenFull).packed(pixels)
        return SampleGIF(
            width: width, height: height, palette: color(0..<1 << codeWidth),
            frames: [
                Frame(width: width, height: height, isInterlaced: isInterlaced, codeWidth: codeWidth, data: data)
            ])
    }

    static func color(_ indices: Range<Int>) -> [[UInt8]] {
        indices.map { [UInt8($0 * 7 & 255), UInt8($0 * 31 & 255), UInt8(255 - $0)] }
    }
}

/// The encoder's side, as the specification tells it: strings of pixels in a dictionary.
struct LZW {
    let codeWidth: Int
    /// Otherwise the table stays as it is when it is full.
    var clearsWhenFull = true

    private var clear: Int { 1 << codeWidth }

    func codes(_ pixels: [UInt8]) -> [(code: Int, width: Int)] {
        var codes = [(code: clear, width: codeWidth + 1)]
        var table: [[UInt8]: Int] = [:]
        var width = codeWidth + 1
        var next = clear + 2
        var string: [UInt8] = []
        func code(_ string: [UInt8]) -> Int? { string.count == 1 ? Int(string[0]) : table[string] }
        for pixel in pixels {
            guard !string.isEmpty, code(string + [pixel]) == nil else {
                string.append(pixel)
                continue
            }
            codes.append((code(string) ?? 0, width))
            if next < 4096 {
                table[string + [pixel]] = next
                // The decoder makes this entry one code later.
                if next == 1 << width { width += 1 }
                next += 1
            } else if clearsWhenFull {
                codes.append((clear, width))
                table = [:]
                (width, next) = (codeWidth + 1, clear + 2)
            }
            string = [pixel]
        }
        if !string.isEmpty {
            codes.append((code(string) ?? 0, width))
            if next < 4096, next == 1 << width { width += 1 }
        }
        return codes + [(clear + 1, width)]
    }

    func packed(_ pixels: [UInt8]) -> [UInt8] { Self.blocks(Self.bits(codes(pixels))) }

    static func bits(_ codes: [(code: Int, width: Int)]) -> [UInt8] {
        var bytes: [UInt8] = []
        var (bits, count) = (0, 0)
        for (code, width) in codes {
            bits |= code << count
            count += width
            while count >= 8 {
                bytes.append(UInt8(bits & 255))
                bits >>= 8
                count -= 8
            }
        }
        return count > 0 ? bytes + [UInt8(bits)] : bytes
    }

    static func blocks(_ bytes: [UInt8], of size: Int = 255) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: size).flatMap { start in
            let block = bytes[start..<min(start + size, bytes.count)]
            return [UInt8(block.count)] + block
        } + [0]
    }
}
