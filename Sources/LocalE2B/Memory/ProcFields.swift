/// The values of a file of `/proc` with lines of the form `Name:  12 kB`.
struct ProcFields {
    private var values: [Substring: Int] = [:]
    private(set) var name = ""

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let words = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace)
            if line.hasPrefix("Name:") { name = words.joined(separator: " ").printable }
            guard words.count == 2, words[1] == "kB", let value = Int(words[0]) else { continue }
            values[line[..<colon]] = value << 10
        }
    }

    /// The value in bytes; nil if there is none.
    subscript(_ name: String) -> Int? { values[name[...]] }
}
