import E2B
import ImageGate
import Synchronization

/// How far a request has come, and what its time went into: for its line of the log, and for the list of live requests.
package final class RequestTrace: Sendable {
    package enum State: String, Sendable {
        /// It is authenticated, and its body arrives.
        case reading
        /// It waits for a place.
        case queued
        case running
    }

    package struct Times: Equatable, Sendable {
        /// The wait for a place.
        package var queue = Duration.zero
        /// The calls to E2B, executions included.
        package var e2b = Duration.zero
        /// The wait for images after the code had ended.
        package var images = Duration.zero
    }

    private struct Progress {
        var state = State.reading
        var step = "route"
        /// The step at which a program or a command failed.
        var failedStep: String?
        /// The last call to E2B that failed, unless a later one succeeded.
        var failedCall: (step: String, words: String?)?
        var times = Times()
        var executions = 0
        var owner = ""
    }

    @TaskLocal package static var current: RequestTrace?

    package let id: String
    /// The path of the route, or the method's absence; never the path of the request.
    package let route: String
    package let start = ContinuousClock.now
    package let measurements: Measurements
    private let progress = Mutex(Progress())

    package init(id: String, route: String, measurements: Measurements) {
        self.id = id
        self.route = route
        self.measurements = measurements
    }

    // MARK: Reading

    package var state: State { progress.withLock { $0.state } }
    package var times: Times { progress.withLock { $0.times } }
    /// The number of programs and commands that were run.
    package var executions: Int { progress.withLock { $0.executions } }
    /// The name of the caller's key; empty before it is known.
    package var owner: String { progress.withLock { $0.owner } }

    /// Where the request stands, or where it failed: a part of the service's own way, such as `access` and `queue`, or the
    /// name of a call to E2B.
    package var step: String { progress.withLock { $0.failedStep ?? $0.failedCall?.step ?? $0.step } }

    /// What E2B said in the call that failed.
    package var words: String? { progress.withLock { $0.failedCall?.words } }

    // MARK: Writing

    package func enter(_ state: State, step: String) {
        progress.withLock { progress in
            progress.state = state
            progress.step = step
        }
    }

    package func isCalled(by owner: String) { progress.withLock { $0.owner = owner } }

    package func waited(inQueue time: Duration) {
        progress.withLock { $0.times.queue += time }
        measurements.queueing.add(time)
    }

    func began(_ step: E2BError.Step) {
        guard step.isWork else { return }
        progress.withLock { $0.step = step.name }
    }

    func ended(_ step: E2BError.Step, _ time: Duration, _ error: E2BError?) {
        guard step.isWork else { return }
        progress.withLock { progress in
            progress.times.e2b += time
            progress.failedCall = error.map { (step.name, $0.words) }
        }
    }

    func waited(forImages time: Duration) { progress.withLock { $0.times.images += time } }

    /// Notes that a program or a command was run.
    ///
    /// - Parameters:
    ///   - language: the name of a ``Language``, or ``shell``.
    ///   - step: the name of the call that ran it.
    func ran(
        _ language: String, _ ending: Measurements.Ending, in time: Duration, step: E2BError.Step, for owner: String
    ) {
        measurements.executions.add(Measurements.Execution(language: language, ending: ending))
        measurements.running.add(time)
        measurements.usage.ran(for: owner)
        progress.withLock { progress in
            progress.executions += 1
            if ending != .completed { progress.failedStep = step.name }
        }
    }

    static let shell = "shell"
}

extension E2BError.Step {
    /// Whether the step is a part of what the caller asked for. Others clean up, or ask why a call has failed.
    fileprivate var isWork: Bool {
        switch self {
        case .kill, .health: false
        default: true
        }
    }
}

extension ImageGate {
    /// Does what ``admit(_:claimed:in:by:)`` does, and counts what came of it.
    func measured(
        _ bytes: [UInt8], claimed type: ImageType, in batch: ImageBatch, by policy: ImagePolicy
    ) async throws(ImageGateError) -> AdmittedImage {
        guard let measurements = RequestTrace.current?.measurements else {
            return try await admit(bytes, claimed: type, in: batch, by: policy)
        }
        let start = ContinuousClock.now
        do throws(ImageGateError) {
            let image = try await admit(bytes, claimed: type, in: batch, by: policy)
            measurements.admitting.add(.now - start)
            measurements.images.add(.init(isAdmitted: true, reason: image.treatment.name))
            return image
        } catch {
            measurements.admitting.add(.now - start)
            measurements.images.add(.init(isAdmitted: false, reason: error.name))
            throw error
        }
    }
}
