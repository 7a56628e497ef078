extension String {
    /// The text without the words that LibreChat takes for a demand to log in. It would show a button for that in place
    /// of the error.
    package var withoutLoginWords: String {
        let small = lowercased()
        guard ["401", "oauth", "authentication"].contains(where: small.contains) else { return self }
        return replacing("401", with: "4xx").replacing(/oauth|authentication/.ignoresCase(), with: "sign-in")
    }
}

extension String {
    /// Returns the text with those words removed from one of its sentences. Text that code printed is not changed.
    func withoutLoginWords(in sentence: String?) -> String {
        guard let sentence, case let other = sentence.withoutLoginWords, other != sentence else { return self }
        return replacing(sentence, with: other)
    }
}
