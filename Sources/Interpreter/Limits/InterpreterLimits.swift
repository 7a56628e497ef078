package import Budget

/// What bounds executions and actions, each and in sum.
package struct InterpreterLimits: Sendable {
    /// Of code that does not say.
    package var timeout: Duration
    package var maximumTimeout: Duration
    /// Bytes of one file that is written or read, and of each output that is kept whole.
    package var file: Int
    /// Unicode scalars of an answer's text.
    package var text: Int
    /// Images in one answer.
    package var images: Int
    /// How long an answer waits for its images once the code has ended.
    package var imageWait: Duration
    /// Bytes that requests in flight hold together.
    package let memory: ByteBudget

    package init(
        timeout: Duration, maximumTimeout: Duration, file: Int, text: Int, images: Int, imageWait: Duration,
        memory: ByteBudget
    ) {
        self.timeout = timeout
        self.maximumTimeout = maximumTimeout
        self.file = file
        self.text = text
        self.images = images
        self.imageWait = imageWait
        self.memory = memory
    }
}
