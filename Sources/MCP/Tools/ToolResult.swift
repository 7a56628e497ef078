package import ImageGate

/// What a tool answers with: a text for the model, and pictures for both the model and the user.
package struct ToolResult: Sendable {
    package var text: String
    package var images: [AdmittedImage]
    /// Whether what was asked for did not succeed.
    package var isError: Bool
    /// Why what ran in the sandbox did not succeed, for the log: nothing of what it printed or threw.
    package var problem: String?

    package init(_ text: String, images: [AdmittedImage] = [], isError: Bool = false, problem: String? = nil) {
        self.text = text
        self.images = images
        self.isError = isError
        self.problem = problem
    }
}
