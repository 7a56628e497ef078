internal import Synchronization

/// One rule of the fault grammar: what goes wrong at a step, and how often.
package struct FaultRule: Equatable, Sendable {
    package var step: FaultStep
    package var delay: Duration?
    package var status: Int?
    package var retryAfter: Int?
    /// The message of the common error body.
    package var message: String?
    /// The whole body of the response.
    package var body: String?
    package var hangs = false
    package var resets = false
    /// A Connect error, which is the response of a unary call, or in the end envelope of a stream.
    var rpc: ConnectError.Code?
    /// Whether to respond as E2B's edge does if there is no such sandbox.
    package var isGone = false
    /// Whether to respond as E2B's edge does if nothing listens on the port.
    package var isClosed = false
    /// After how many bytes of the body the connection is closed; nil for never.
    package var cut: Int?
    /// Whether the body begins with text that is not JSON.
    package var hasGarbage = false
    /// Whether a Connect stream ends without its end envelope.
    package var lacksEnd = false
    /// The number of times that the rule applies; nil for always.
    package var times: Int?
}

/// The faults that are in force. The first rule for a step applies; a rule that is used up is removed.
final class Faults: Sendable {
    private struct State {
        var rules: [FaultRule]
        var struck = 0
    }

    let isChangeable: Bool
    private let state: Mutex<State>

    init(_ rules: [FaultRule], isChangeable: Bool) {
        state = Mutex(State(rules: rules))
        self.isChangeable = isChangeable
    }

    /// The number of requests that a rule has applied to.
    var struckCount: Int { state.withLock { $0.struck } }

    func replace(with new: [FaultRule]) {
        state.withLock { $0.rules = new }
    }

    /// - Parameter steps: all steps that the request belongs to.
    func nextRule(for steps: [FaultStep]) -> FaultRule? {
        guard !steps.isEmpty else { return nil }
        return state.withLock { state in
            guard let index = state.rules.firstIndex(where: { steps.contains($0.step) }) else { return nil }
            let rule = state.rules[index]
            state.struck += 1
            if let times = rule.times {
                state.rules[index].times = times - 1
                if times <= 1 { state.rules.remove(at: index) }
            }
            return rule
        }
    }
}
