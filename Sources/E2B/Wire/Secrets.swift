/// What no error may quote.
struct Secrets: ExpressibleByArrayLiteral {
    /// The keys and tokens.
    private let words: [[UInt8]]
    /// The configuration's ``E2BConfiguration/redact``.
    private let redact: @Sendable ([UInt8]) -> [UInt8]

    init(_ words: [String?], redact: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.words = words.compactMap { $0.map { Array($0.utf8) } }.filter { !$0.isEmpty }
        self.redact = redact
    }

    init(arrayLiteral words: String...) { self.init(words) { $0 } }

    func removed(from text: [UInt8]) -> [UInt8] { redact(words.reduce(text) { Self.hide($1, in: $0) }) }

    /// Works on bytes, because an answer may have a megabyte, and comparing characters is slow.
    private static func hide(_ secret: [UInt8], in words: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = words[...]
        while let start = rest.firstIndex(of: secret[0]) {
            result += rest[..<start]
            rest = rest[start...]
            if rest.starts(with: secret) {
                result += "[hidden]".utf8
                rest = rest.dropFirst(secret.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result + rest
    }
}
