package import Store

/// To whom a file belongs within one tenant: to a user, or to an agent or a skill, whose files all users of the tenant
/// share.
package struct FileScope: Equatable, Sendable {
    package typealias Kind = FileDetails.Kind

    package var kind: Kind
    /// The id of the user, the agent or the skill; nil if it is not known.
    package var id: String?
    /// The version of a skill.
    package var version: String?

    package init(kind: Kind = .user, id: String? = nil, version: String? = nil) {
        self.kind = kind
        self.id = id
        self.version = version
    }

    /// The largest number of bytes of an id and of a version.
    private static let longest = 256

    /// Reads the scope that a request names: `kind`, `id` and `version` of newer clients, or `entity_id` of older ones, which
    /// is an agent's.
    ///
    /// - Parameter value: the value of a form's field or of a query's parameter; nil if it is absent.
    /// - Returns: nil if the request names none.
    /// - Throws: status 400 for a kind that there is not, and for a value that is too long or has control characters.
    package init?(_ value: (String) -> String?) throws(CodeAPIFailure) {
        func text(_ name: String) throws(CodeAPIFailure) -> String? {
            guard let text = value(name), !text.isEmpty else { return nil }
            guard text.utf8.count <= Self.longest, !text.unicodeScalars.contains(where: \.isControl) else {
                throw CodeAPIFailure(
                    status: 400, "`\(name)` must be at most \(Self.longest) bytes, without control characters.")
            }
            return text
        }
        let entity = try text("entity_id")
        guard let word = try text("kind") else {
            guard let entity else { return nil }
            self.init(kind: .agent, id: entity)
            return
        }
        guard let kind = Kind(rawValue: word) else {
            throw CodeAPIFailure(status: 400, "`kind` must be user, agent or skill.")
        }
        self.init(kind: kind, id: try text("id") ?? entity, version: kind == .skill ? try text("version") : nil)
    }
}

extension Unicode.Scalar {
    /// Whether this is a control character (general category Cc).
    package var isControl: Bool { value < 0x20 || (0x7f...0x9f).contains(value) }
}
