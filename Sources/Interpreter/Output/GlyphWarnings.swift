/// Replaces matplotlib's warnings about characters that its fonts lack by one line.
enum GlyphWarnings {
    /// - Returns: nil if there is no such warning.
    static func collapsed(_ text: [UInt8]) -> [UInt8]? {
        guard text.firstRange(of: mark.utf8) != nil else { return nil }
        var kept: [ArraySlice<UInt8>] = []
        var glyphs: [String] = []
        var isAfterWarning = false
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if let glyph = glyph(in: line) {
                if !glyphs.contains(glyph), glyphs.count < limit { glyphs.append(glyph) }
                // The warning may begin with a line that names its place in the code.
                while let last = kept.last, last.isEmpty { kept.removeLast() }
                if let last = kept.last, last.suffix(8).elementsEqual("Warning:".utf8) { kept.removeLast() }
                isAfterWarning = true
            } else if isAfterWarning, line.isEmpty || line.starts(with: "  ".utf8) {
                // An empty line or the line of code after the warning belongs to it.
                continue
            } else {
                isAfterWarning = false
                kept.append(line)
            }
        }
        guard !glyphs.isEmpty else { return nil }
        let more = glyphs.count == limit ? " …" : ""
        let line = "Characters that no installed font has are drawn as boxes: \(glyphs.joined(separator: " "))\(more)\n"
        let rest = Array(kept.joined(separator: [UInt8(ascii: "\n")]))
        return rest + (rest.isEmpty || rest.last == UInt8(ascii: "\n") ? [] : [UInt8(ascii: "\n")]) + Array(line.utf8)
    }

    private static let mark = ") missing from "
    private static let limit = 20

    /// `Glyph 25968 (\\N{CJK UNIFIED IDEOGRAPH-6570}) missing from font(s) DejaVu Sans.`
    private static func glyph(in line: ArraySlice<UInt8>) -> String? {
        guard line.firstRange(of: mark.utf8) != nil, let start = line.firstRange(of: "Glyph ".utf8)?.upperBound else {
            return nil
        }
        let digits = String(decoding: line[start...].prefix { (0x30...0x39).contains($0) }, as: UTF8.self)
        return UInt32(digits).flatMap(Unicode.Scalar.init).map { String($0) }
    }
}
