extension Sequence<String> {
    /// Joins the parts of a text with blank lines between them. Parts that have nothing but white space are left out, because
    /// the text would begin or end with blank lines.
    package var paragraphs: String { filter { !$0.isBlank }.joined(separator: "\n\n") }
}
