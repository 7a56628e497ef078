package import Budget

/// What bounds an execution, by itself and together with all others.
package struct InterpreterLimits: Sendable {
    package let executions: ExecutionLimits
    /// How long code may take where nothing else is asked for, and what may be asked for.
    let standardTimeout: Duration
    package let maximumTimeout: Duration
    /// Bytes of one file, and of each part of a program's output that is kept.
    let fileSize: Int
    /// Unicode scalars of an answer's text.
    package let text: Int
    /// Images in one answer.
    let images: Int
    /// How long an answer waits for its images once the code has ended.
    let imageWait: Duration
    /// Bytes that requests in flight hold together.
    let memory: ByteBudget

    package init(
        executions: ExecutionLimits, standardTimeout: Duration, maximumTimeout: Duration, fileSize: Int, text: Int,
        images: Int, imageWait: Duration,
        memory: ByteBudget
    ) {
        self.executions = executions
        self.standardTimeout = standardTimeout
        self.maximumTimeout = maximumTimeout
        self.fileSize = fileSize
        self.text = text
        self.images = images
        self.imageWait = imageWait
        self.memory = memory
    }
}
