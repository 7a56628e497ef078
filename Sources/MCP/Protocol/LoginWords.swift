extension String {
    /// The text without the words that LibreChat takes for a call to log in, which it then shows in place of an error's text.
    package var withoutLoginWords: String {
        let small = lowercased()
        guard ["401", "oauth", "authentication"].contains(where: small.contains) else { return self }
        return replacing("401", with: "4xx").replacing(/oauth|authentication/.ignoresCase(), with: "sign-in")
    }
}

extension String {
    /// The text with a sentence that has none of those words; what code printed stays as it was.
    func withoutLoginWords(in sentence: String?) -> String {
        guard let sentence, case let other = sentence.withoutLoginWords, other != sentence else { return self }
        return replacing(sentence, with: other)
    }
}
