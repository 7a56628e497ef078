package import Store

/// Who may use a file of a tenant. Files of other tenants are not even found.
package enum FileAccess {
    /// Checks that a file is the user's, or one of an agent or a skill, and that it is the one which the request means.
    ///
    /// - Parameters:
    ///   - user: on whose behalf the caller asks; nil if it has named nobody. Then it is the whole tenant who asks.
    ///   - asked: what the request says of the file; nil if it says nothing.
    /// - Throws: status 403.
    package static func check(_ details: FileDetails, for user: String?, asked: FileScope?) throws(CodeAPIFailure) {
        let kind = details.kind ?? .user
        var isAllowed = true
        if kind == .user, let owner = details.entity, let user { isAllowed = owner.isSame(as: user) }
        if let asked {
            isAllowed = isAllowed && asked.kind == kind
            if kind != .user {
                isAllowed =
                    isAllowed && Self.agree(asked.id, details.entity) && Self.agree(asked.version, details.version)
            }
        }
        guard isAllowed else { throw CodeAPIFailure(status: 403, "This file belongs to somebody else.") }
    }

    /// Whether two values are the same, as far as both are known.
    private static func agree(_ one: String?, _ other: String?) -> Bool {
        guard let one, let other else { return true }
        return one.isSame(as: other)
    }
}

extension String {
    /// Whether both have the same bytes. Otherwise two normal forms of a character are the same.
    fileprivate func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
