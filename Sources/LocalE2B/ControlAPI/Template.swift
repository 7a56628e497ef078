/// The templates that this server knows. Their sandboxes are all alike here.
enum Template: String, Sendable, CaseIterable {
    case codeInterpreter = "code-interpreter-v1"
    case codeInterpreterAlias = "code-interpreter"
    case base

    var id: String {
        switch self {
        case .codeInterpreter, .codeInterpreterAlias: "nlhz8vlwyupq845jsdg9"
        case .base: "rki5dems9wqfm4r03t7g"
        }
    }

    /// - Parameter reference: a name, an identifier, or a name with a tag.
    init?(reference: String) {
        let name = String(reference.prefix { $0 != ":" })
        guard let template = Self(rawValue: name) ?? Self.allCases.first(where: { $0.id == name }) else { return nil }
        self = template
    }
}
