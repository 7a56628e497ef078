package import Store

/// A file that a program finds in its workspace.
package struct WorkspaceInput: Equatable, Sendable {
    package let file: StoredFile
    /// Its name there.
    package let name: WorkspaceName

    /// - Parameter name: the name that the caller gives it; nil for the one that it has.
    /// - Returns: nil if the name cannot be a file's in the workspace.
    package init?(_ file: StoredFile, as name: String? = nil) {
        var text = name ?? file.details.name
        // Some clients write where a program finds it.
        for prefix in ["\(Workspace.path)/", "./"] where text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
        guard let name = WorkspaceName(text) else { return nil }
        self.file = file
        self.name = name
    }
}

extension [WorkspaceInput] {
    /// Leaves of several inputs with one name the last one.
    ///
    /// - Returns: a line for each name that more than one had.
    package mutating func removeNamesakes() -> [String] {
        var seen: Set<WorkspaceName> = []
        var lost: [WorkspaceName] = []
        let kept = reversed().filter { input in
            if seen.insert(input.name).inserted { return true }
            if !lost.contains(input.name) { lost.append(input.name) }
            return false
        }
        self = kept.reversed()
        return lost.reversed().map { "Several input files have the name \($0): the last of them is there." }
    }
}
