package import ImageGate

/// The result of a tool: a text for the model, and pictures for the model and the user.
package struct ToolResult: Sendable {
    package var text: String
    package var images: [AdmittedImage]
    /// Whether the tool failed.
    package var isError: Bool
    /// The reason of the failure for the log. It contains nothing that the code printed or threw.
    package var problem: String?

    package init(_ text: String, images: [AdmittedImage] = [], isError: Bool = false, problem: String? = nil) {
        self.text = text
        self.images = images
        self.isError = isError
        self.problem = problem
    }
}
