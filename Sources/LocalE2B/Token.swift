internal import CCrypto

/// Identifiers and secrets, from the system's random source.
enum Token {
    /// A string of random lower-case letters and digits.
    static func letters(_ count: Int) -> String {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        return String((0..<count).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] })
    }

    /// Makes a secret of 64 hexadecimal digits.
    static func secret() -> String { digits(64) }

    /// A new API key in the form of E2B's, which its SDKs check.
    static func apiKey() -> String { "e2b_" + digits(40) }

    private static func digits(_ count: Int) -> String {
        var random = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef")
        return String((0..<count).map { _ in digits[Int.random(in: digits.indices, using: &random)] })
    }

    /// Compares two strings in a time that depends on their lengths only.
    static func isEqual(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        return one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}
