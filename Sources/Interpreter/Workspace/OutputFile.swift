package import Store

/// A file that is told to the caller of a run: one that the run has made, or an input that is as it was.
package struct OutputFile: Sendable {
    package let file: StoredFile
    package let name: WorkspaceName
    /// Whether it is an input, and was not changed.
    package var isInherited = false
    /// The input in whose place it is.
    package var origin: StoredFile?
}

/// What of the workspace is not told to the caller, and why.
package struct SkippedFiles: Equatable, Sendable {
    package enum Reason: String, CaseIterable, Sendable {
        case maxFiles = "max_files"
        case depth, size, path, unreadable
    }

    package private(set) var counts: [Reason: Int] = [:]
    /// Some of their names.
    package private(set) var names: [WorkspaceName] = []

    package var count: Int { counts.values.reduce(0, +) }

    mutating func add(_ reason: Reason, _ name: WorkspaceName) {
        counts[reason, default: 0] += 1
        if names.count < Self.nameLimit { names.append(name) }
    }

    mutating func add(_ reason: Reason, count: Int) {
        if count > 0 { counts[reason, default: 0] += count }
    }

    private static let nameLimit = 20
}
