/// All limits of the service: on one request, on all requests of one owner together, and on all requests together.
///
/// An owner is the name of the key with which a caller authenticated. ``Executions`` gives out places and
/// ``ByteBudget`` gives out memory, both by a ``FairSemaphore``. ``SandboxShare`` limits the sandboxes of sessions, and
/// ``Deadline`` limits the time of a request. Images wait in a queue of the image gate, in which owners take turns as
/// well.
package struct InterpreterLimits: Sendable {
    package let executions: ExecutionLimits
    /// The bytes that requests in flight may hold together: bodies, output, files and images.
    package private(set) var memory: ByteBudget
    package let images: ImageLimits
    package let time: TimeLimits
    /// The largest number of bytes of a request's body, without a file.
    package let body: Int
    /// The largest number of bytes of a file, and of each part of a program's output that is kept.
    package let fileSize: Int
    /// The largest number of Unicode scalars of an answer's text.
    package let text: Int

    package init(
        executions: ExecutionLimits, memory: ByteBudget, images: ImageLimits, time: TimeLimits, body: Int,
        fileSize: Int,
        text: Int
    ) {
        self.executions = executions
        self.memory = memory
        self.images = images
        self.time = time
        self.body = body
        self.fileSize = fileSize
        self.text = text
    }

    /// The same limits, with what the requests of earlier ones hold counted in the budget of memory.
    package func sharingMemory(with earlier: InterpreterLimits) -> InterpreterLimits {
        earlier.memory.resize(like: memory)
        var limits = self
        limits.memory = earlier.memory
        return limits
    }

    /// The largest number of bytes of a body with a file. A file is sent as base64, which is a third larger than the
    /// file, or as a JSON string with escapes. Twice the file's size is enough unless most of the characters are
    /// escapes.
    package var bodyWithFile: Int { body + 2 * fileSize }
}

/// The limits on the images of an execution.
package struct ImageLimits: Equatable, Sendable {
    /// The largest number of images in an answer.
    package var count: Int
    /// The longest time that an answer waits for its images after the code has ended.
    package var wait: Duration
    /// The number of images that are decoded at the same time.
    package var threads: Int
    /// The largest processor time for one image.
    package var processorTime: Duration
    /// The largest processor time for all images of one execution.
    package var batchTime: Duration

    package init(count: Int, wait: Duration, threads: Int, processorTime: Duration, batchTime: Duration) {
        self.count = count
        self.wait = wait
        self.threads = threads
        self.processorTime = processorTime
        self.batchTime = batchTime
    }
}

/// The limits on the time of a request.
package struct TimeLimits: Equatable, Sendable {
    /// How long code may run if the request does not say.
    package var standard: Duration
    /// The longest time that a request may ask for.
    package var maximum: Duration
    /// The longest wait for an answer of E2B's API.
    package var call: Duration

    package init(standard: Duration, maximum: Duration, call: Duration) {
        self.standard = min(standard, maximum)
        self.maximum = maximum
        self.call = call
    }

    /// The longest time from a request to its answer: the longest timeout of code, the longest wait for one answer of
    /// E2B, and the work before and after.
    package var answer: Duration { maximum + call + .seconds(10) + Deadline.finishing }
}
