package import Budget

/// What bounds an execution, by itself and together with all others.
package struct InterpreterLimits: Sendable {
    /// What a caller may ask for.
    let maximumTimeout: Duration
    /// Images in one answer.
    let images: Int
    /// How long an answer waits for its images once the code has ended.
    let imageWait: Duration
    /// Bytes that requests in flight hold together.
    let memory: ByteBudget

    package init(maximumTimeout: Duration, images: Int, imageWait: Duration, memory: ByteBudget) {
        self.maximumTimeout = maximumTimeout
        self.images = images
        self.imageWait = imageWait
        self.memory = memory
    }
}
