/// Texts in the alphabet of the store's ids and tokens: 64 characters that need no escape in a path and in a URL, so that each
/// stands for six bits.
enum IDText {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Returns characters that nobody can guess.
    static func random(_ count: Int) -> String {
        // On Linux the generator is getrandom(2), which is fit for secrets.
        var generator = SystemRandomNumberGenerator()
        return text((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// Returns one character for each byte, made of its lower six bits.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.map { alphabet[Int($0 & 63)] }, as: UTF8.self)
    }

    static func isValid(_ text: some StringProtocol, count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy(isInAlphabet)
    }

    private static func isInAlphabet(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
