/// A kernel with its variables, in which executions run one after another. Protocol.md, 5.5.
public struct CodeContext: Equatable, Sendable {
    public var id: String
    public var language: String
    public var cwd: String

    public init(id: String, language: String, cwd: String) {
        self.id = id
        self.language = language
        self.cwd = cwd
    }
}
