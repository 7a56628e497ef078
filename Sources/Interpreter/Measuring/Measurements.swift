package import E2B
import ImageGate

/// What this process has done since its start, counted and timed. The labels of all counters are bounded.
package final class Measurements: Sendable {
    /// How the run of a program or a command ended.
    package enum Ending: String, CaseIterable, Sendable {
        case completed
        /// It threw, or its exit status was not 0.
        case exception
        case timeLimit = "time_limit"
        case outputLimit = "output_limit"
        /// The process that ran it died.
        case kernelDied = "kernel_died"
        /// The sandbox has nothing that runs the language.
        case noKernel = "no_kernel"
        case e2bError = "e2b_error"
        case cancelled
    }

    package struct Execution: Hashable, Sendable {
        /// One of ``Language``, or `shell` for a command.
        package let language: String
        package let ending: Ending
    }

    package struct ImageVerdict: Hashable, Sendable {
        package let isAdmitted: Bool
        /// What was done to it, or why it was rejected.
        package let reason: String
    }

    package struct CallFailure: Hashable, Sendable {
        package let step: String
        package let kind: String
    }

    package let executions = CounterTable<Execution>()
    package let images = CounterTable<ImageVerdict>()
    package let failures = CounterTable<CallFailure>()

    package let creating = Histogram()
    package let running = Histogram()
    package let killing = Histogram()
    /// Each image, its wait for a decoder included.
    package let admitting = Histogram()
    /// The wait for a place.
    package let queueing = Histogram()

    package let created = Counter()
    package let killed = Counter()
    /// Sandboxes that could not be killed, and end by their own timeouts.
    package let left = Counter()

    package let usage: UsageLedger

    package init(usage: UsageLedger = UsageLedger()) { self.usage = usage }

    /// What ``E2BConfiguration`` takes to have the calls of a client measured here.
    ///
    /// - Parameter called: told of each call that has ended.
    package func observer(
        called: @escaping @Sendable (_ step: E2BError.Step, _ time: Duration, _ error: E2BError?) -> Void = { _, _, _ in
        }
    ) -> CallObserver {
        // Calls without a deadline are made for the service and not for the request in whose task they may be.
        CallObserver(
            began: { step in if E2BClient.deadline != nil { RequestTrace.current?.began(step) } },
            ended: { [self] step, time, error in
                if E2BClient.deadline != nil { RequestTrace.current?.ended(step, time, error) }
                count(step, time, error)
                called(step, time, error)
            })
    }

    private func count(_ step: E2BError.Step, _ time: Duration, _ error: E2BError?) {
        if let error {
            guard let kind = error.kind else { return }
            failures.add(CallFailure(step: step.name, kind: kind))
            return
        }
        switch step {
        case .create: creating.add(time)
        case .kill: killing.add(time)
        default: break
        }
    }
}

extension E2BError.Step {
    private static let names = Dictionary(uniqueKeysWithValues: allCases.map { ($0, String(describing: $0)) })

    /// The step's name for programs.
    package var name: String { Self.names[self] ?? "other" }
}

extension E2BError {
    /// The kind of the error for programs; nil if it is none of E2B's, or none at all: the caller's end, and the code's.
    package var kind: String? {
        switch self {
        case .unreachable: "unreachable"
        case .outOfDescriptors: "out_of_descriptors"
        case .tls: "tls"
        case .unauthorized: "unauthorized"
        case .notFound: "not_found"
        case .rateLimited: "rate_limited"
        case .noCapacity: "no_capacity"
        case .sandboxGone: "sandbox_gone"
        case .refused: "refused"
        case .timedOut: "timed_out"
        case .notStarted: "not_started"
        case .broken: "broken"
        case .tooLarge: "too_large"
        case .invalidConfiguration: "invalid_configuration"
        case .executionTimedOut, .outOfMemory, .cancelled, .shutDown: nil
        }
    }

    /// What E2B said, in its own words; nil if it said nothing.
    var words: String? {
        let words: String
        switch self {
        case .unauthorized(_, let message), .notFound(_, let message), .rateLimited(_, let message, _),
            .noCapacity(_, let message, _), .sandboxGone(let message), .refused(_, _, let message):
            words = message
        default: return nil
        }
        return words.isEmpty ? nil : words
    }
}

extension AdmittedImage.Treatment {
    var name: String {
        switch self {
        case .passed: "passed"
        case .thumbnailed: "thumbnailed"
        case .rasterised: "rasterised"
        case .rasterisedInPart: "rasterised_in_part"
        case .converted: "converted"
        case .firstFrame: "first_frame"
        }
    }
}

extension ImageGateError {
    var name: String {
        switch self {
        case .empty: "empty"
        case .unknownType: "unknown_type"
        case .typeMismatch: "type_mismatch"
        case .tooManyBytes: "too_many_bytes"
        case .tooManyPixels: "too_many_pixels"
        case .truncated: "truncated"
        case .trailingData: "trailing_data"
        case .malformed: "malformed"
        case .forbidden: "forbidden"
        case .overBudget: "over_budget"
        case .outOfMemory: "out_of_memory"
        case .decoderCrashed: "decoder_crashed"
        case .decoderTooSlow: "decoder_too_slow"
        case .noTimeLeft: "no_time_left"
        case .decoderMisbehaved: "decoder_misbehaved"
        case .decoderUnavailable: "decoder_unavailable"
        case .cancelled: "cancelled"
        }
    }
}
