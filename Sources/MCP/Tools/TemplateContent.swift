package import JSON
import Interpreter

/// The languages and libraries of the sandboxes' template, as the operator's file of templates describes them in the
/// members `languages`, `libraries` and `description` of the template's entry.
package struct TemplateContent: Equatable, Sendable {
    /// The languages; empty if the file does not name them.
    private(set) var languages: [Language] = []
    private(set) var libraries: [String] = []
    private(set) var description = ""

    /// Makes the content of a template that is not described.
    package init() {}

    /// - Parameters:
    ///   - template: the name of the template that sandboxes are made of.
    ///   - templates: the list of templates.
    package init(of template: String, in templates: JSONNode) {
        guard case .list(let entries) = templates,
            let entry = entries.first(where: { $0.member("id")?.words == [template] })
        else { return }
        for name in entry.member("languages")?.words ?? [] {
            guard let language = Language(name: name), !languages.contains(language) else { continue }
            languages.append(language)
        }
        libraries = Array((entry.member("libraries")?.words ?? []).prefix(Self.libraryLimit))
        let words = entry.member("description")?.words.first ?? ""
        description = String(words.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(Self.textLimit))
    }

    private static let libraryLimit = 40
    private static let textLimit = 300

    /// The language of a program whose call names none.
    var standardLanguage: Language { languages.isEmpty || languages.contains(.python) ? .python : languages[0] }

    /// The languages that a call may name.
    var choices: [Language] { languages.isEmpty ? Language.allCases : languages }

    /// The description of the template for a model, in one sentence.
    var sentence: String {
        let hasPython = languages.isEmpty || languages.contains(.python)
        let plots = hasPython ? "; show a plot with plt.show(), and await at top level" : ""
        if !languages.isEmpty {
            let libraries = libraries.isEmpty ? described("; ") : ", with \(Self.joined(libraries))"
            return "It runs \(Self.joined(languages.map(\.name)))\(libraries)\(plots)."
        }
        if !libraries.isEmpty { return "Python is there, with \(Self.joined(libraries))\(plots)." }
        if !description.isEmpty { return "What is there: \(described(""))\(plots)." }
        return """
            Python has numpy, pandas and matplotlib (show a plot with plt.show(), await at top level); JavaScript, TypeScript and bash run, too, R and \
            Java where they are installed.
            """
    }

    private func described(_ separator: String) -> String {
        description.isEmpty
            ? "" : separator + (description.hasSuffix(".") ? String(description.dropLast()) : description)
    }

    private static func joined(_ names: [String]) -> String {
        names.count < 2
            ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    }
}

extension JSONNode {
    fileprivate func member(_ name: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The texts of a node that is a text or a list of texts.
    fileprivate var words: [String] {
        switch self {
        case .text(let text): [text]
        case .list(let nodes): nodes.flatMap(\.words)
        default: []
        }
    }
}
