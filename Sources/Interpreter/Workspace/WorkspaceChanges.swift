import Store

/// What a program has made of its workspace.
struct WorkspaceChanges: Equatable, Sendable {
    /// New and changed files, the most important ones first: pictures before others, and what lies higher before what lies deeper.
    private(set) var outputs: [WorkspaceName] = []
    /// Inputs that are as they were, and those whose changes are not kept.
    private(set) var inherited: [WorkspaceInput] = []
    /// Inputs that are gone, as far as that is known.
    private(set) var deleted: [WorkspaceName] = []

    init(from before: WorkspaceListing, to after: WorkspaceListing, inputs: [WorkspaceInput]) {
        let readOnly = Set(inputs.filter(\.file.details.isReadOnly).map(\.name))
        outputs = after.files.filter { name, entry in before.files[name] != entry && !readOnly.contains(name) }
            .map(\.key).sorted { one, other in
                let (first, second) = (one.isPicture ? 0 : 1, other.isPicture ? 0 : 1)
                return (first, one.depth, one) < (second, other.depth, other)
            }
        for input in inputs {
            let entry = after.files[input.name]
            if input.file.details.isReadOnly || entry != nil && entry == before.files[input.name] {
                inherited.append(input)
            } else if entry == nil, after.isComplete, before.files[input.name] != nil {
                deleted.append(input.name)
            }
        }
    }
}
