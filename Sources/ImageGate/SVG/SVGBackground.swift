/// Values of the property `background`. https://www.w3.org/TR/css-backgrounds-3/
enum SVGBackground {
    static let gradientID = "background-of-the-drawing"

    /// The colour in a value; nil if there is none, or if it is transparent. Of an image that is not drawn here it is
    /// the first colour, as far as there is one.
    static func color(_ value: String) -> String? {
        for word in words(value) {
            if isColor(word) { return word }
            guard word.lowercased().contains("gradient("), let open = word.firstIndex(of: "(") else { continue }
            return list(word[word.index(after: open)...].dropLast()).lazy.compactMap { color($0) }.first
        }
        return nil
    }

    /// The colour in a value that is below all images.
    static func ground(_ value: String) -> String? {
        list(value[...]).last.flatMap { words($0).first { isColor($0) } }
    }

    /// Whether a word is a colour, and not transparent.
    static func isColor(_ word: String) -> Bool {
        let word = word.lowercased()
        if word.hasPrefix("#") {
            return [4, 5, 7, 9].contains(word.count) && word.dropFirst().allSatisfy(\.isHexDigit)
        }
        if ["rgb(", "rgba(", "hsl(", "hsla("].contains(where: word.hasPrefix), word.hasSuffix(")") {
            let inside = word.drop { $0 != "(" }.dropFirst().dropLast()
            let isPlain = inside.allSatisfy { $0.isASCII && ($0.isNumber || " ,.%/-+deg".contains($0)) }
            let last = inside.split { ", /".contains($0) }.last.flatMap { Double(String($0)) }
            let parts = inside.split { ", /".contains($0) }.count
            return isPlain && (3...4).contains(parts) && !(parts == 4 && last == 0)
        }
        return SVGColorNames.all[word] != nil
    }

    /// Splits at white space outside brackets.
    static func words(_ text: String) -> [String] { split(text[...]) { $0.isWhitespace } }

    /// Splits at commas outside brackets.
    static func list(_ text: Substring) -> [String] { split(text) { $0 == "," } }

    private static func split(_ text: Substring, at isSeparator: (Character) -> Bool) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        for character in text.prefix(4096) {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth <= 0, isSeparator(character) {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        return (parts + [part]).map { String($0.trimmed) }.filter { !$0.isEmpty }
    }
}
