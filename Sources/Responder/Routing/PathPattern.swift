/// The path of a route. A part in braces stands for any one part of a path: `/v1/download/{session}/{file}`.
struct PathPattern: Sendable {
    private enum Part: Sendable {
        case literal(String)
        case any(name: String)
    }

    private let parts: [Part]
    /// The pattern as it was written.
    let text: String

    init(_ text: String) {
        self.text = text
        parts = Self.parts(of: text).map { part in
            part.hasPrefix("{") && part.hasSuffix("}")
                ? .any(name: String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    /// Whether the pattern is the one path that it shows.
    var isLiteral: Bool {
        parts.allSatisfy { part in
            if case .literal = part { true } else { false }
        }
    }

    /// The values of the parts in braces, by their names; nil if the path is another one.
    func values(in path: String) -> [String: String]? {
        let found = Self.parts(of: path)
        guard found.count == parts.count else { return nil }
        var values: [String: String] = [:]
        for (part, text) in zip(parts, found) {
            switch part {
            case .literal(let literal): guard literal == text else { return nil }
            case .any(let name):
                guard !text.isEmpty else { return nil }
                values[name] = String(text)
            }
        }
        return values
    }

    private static func parts(of path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }
}
