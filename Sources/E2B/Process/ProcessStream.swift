internal import Fetch
internal import JSON

/// The events of one process as they arrive, for one reader.
///
///     var events = try await ProcessStream(stream, ...)    // the process runs
///     while true { if case .ended(let exit) = try await events.next() { return exit } }
struct ProcessStream: Sendable {
    /// The largest number of bytes in a message. Output comes in pieces of 32 KiB.
    private static let messageLimit = 4 << 20
    /// The longest silence. We ask envd for a sign of life every 50 s; a version that ignores this sends one every 90 s.
    static let silenceLimit = Duration.seconds(120)

    let pid: UInt32
    private let stream: FetchStream
    private let step: E2BError.Step
    private let secrets: Secrets
    /// When the sandbox kills the process; nil if it does not, or if this stream does not know.
    private let deadline: ContinuousClock.Instant?
    private var splitter = EnvelopeSplitter(limit: messageLimit)

    /// Waits until the process runs, which is the stream's first event.
    ///
    /// - Parameters:
    ///   - steps: the steps that errors before and after that name.
    ///   - refusal: makes an error of a head whose status is not 200.
    init(
        _ stream: FetchStream, steps: (opening: E2BError.Step, running: E2BError.Step),
        deadline: ContinuousClock.Instant?, without secrets: Secrets, refusal: (FetchHead) async -> E2BError
    ) async throws(E2BError) {
        do {
            let head = try await stream.head()
            guard head.status == 200 else { throw await refusal(head) }
        } catch let error as FetchError {
            throw E2BError(steps.opening, error)
        } catch let error as E2BError {
            throw error
        } catch {
            throw .cancelled
        }
        var opening = ProcessStream(pid: 0, stream, steps.opening, deadline: nil, without: secrets)
        guard case .started(let pid) = try await opening.next() else {
            throw .broken(steps.opening, why: "the stream does not begin with the start of the command")
        }
        self.init(pid: pid, stream, steps.running, deadline: deadline, without: secrets)
        splitter = opening.splitter
    }

    private init(
        pid: UInt32, _ stream: FetchStream, _ step: E2BError.Step, deadline: ContinuousClock.Instant?,
        without secrets: Secrets
    ) {
        self.pid = pid
        self.stream = stream
        self.step = step
        self.deadline = deadline
        self.secrets = secrets
    }

    /// Closes the stream. The process goes on.
    func close() { stream.cancel() }

    /// Returns the next event. The last one is the process's end, after which this must not be called.
    mutating func next() async throws(E2BError) -> ProcessEvent {
        while true {
            switch try nextMessage() {
            case .event(.ended(let exit)):
                try await finish(after: exit)
                return .ended(exit)
            case .event(.started) where pid != 0: continue
            case .event(let event): return event
            case .other: continue
            case .end(let failure?): throw self.failure(failure)
            case .end: throw .broken(step, why: "the stream has no end of the command")
            case nil:
                guard let chunk = try await nextChunk() else { throw .broken(step, why: "the stream ended early") }
                splitter.append(chunk)
            }
        }
    }

    private mutating func nextMessage() throws(E2BError) -> ProcessMessage? {
        do {
            return try splitter.next { [secrets] in try ProcessMessage($0, $1, without: secrets) }
        } catch let error as MalformedJSON {
            throw .broken(step, why: "a message of the stream lacks \(error.expected) at byte \(error.offset)")
        } catch {
            throw .tooLarge(step, limit: splitter.limit)
        }
    }

    /// Reads the end of the stream after the end of the process. If the process was killed, its deadline may have been the reason:
    /// the end of the stream says so, or, if it is missing, the clock does. If it exited, the rest does not matter.
    private mutating func finish(after exit: ProcessExit) async throws(E2BError) {
        guard !exit.isExited else { return stream.finish() }
        var last: ProcessMessage?
        do {
            while last == nil || last == .other {
                last = try nextMessage()
                guard last == nil else { continue }
                guard let chunk = try await nextChunk() else { break }
                splitter.append(chunk)
            }
        } catch {
            guard case .broken = error else { throw error }
        }
        if case .end(let failure?) = last, failure.code == "deadline_exceeded" { throw .executionTimedOut }
        if let deadline, deadline <= .now { throw .executionTimedOut }
        stream.finish()
    }

    private func failure(_ failure: RPCFailure) -> E2BError {
        failure.code == "deadline_exceeded" && deadline != nil ? .executionTimedOut : E2BError(step, failure)
    }

    private func nextChunk() async throws(E2BError) -> [UInt8]? {
        do {
            return try await stream.next()
        } catch .timedOut {
            throw deadline == nil ? .timedOut(step) : .executionTimedOut
        } catch .idle {
            throw .broken(step, why: "nothing came for \(Self.silenceLimit), not even a sign of life")
        } catch .cut {
            throw .broken(step, why: "the stream ended early")
        } catch {
            throw E2BError(step, error)
        }
    }
}
