/// A path that is valid in the sandbox's file system.
package struct SandboxPath: Equatable, Sendable {
    package let text: String

    package init?(_ text: String) {
        guard (1...4096).contains(text.utf8.count), !text.utf8.contains(0) else { return nil }
        self.text = text
    }

    /// - Parameter text: a path that this program has chosen, which is valid.
    package init(known text: StaticString) { self.text = text.description }
}
