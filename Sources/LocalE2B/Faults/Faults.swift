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
    /// How often the rule applies; nil for always.
    package var times: Int?
}

/// The faults that are in force. The first rule for a step applies; a rule that is used up is removed.
final class Faults: Sendable {
    let isChangeable: Bool
    private let rules: Mutex<[FaultRule]>

    init(_ rules: [FaultRule], isChangeable: Bool) {
        self.rules = Mutex(rules)
        self.isChangeable = isChangeable
    }

    func replace(with new: [FaultRule]) {
        rules.withLock { $0 = new }
    }

    /// - Parameter steps: all steps that the request belongs to.
    func nextRule(for steps: [FaultStep]) -> FaultRule? {
        guard !steps.isEmpty else { return nil }
        return rules.withLock { rules in
            guard let index = rules.firstIndex(where: { steps.contains($0.step) }) else { return nil }
            let rule = rules[index]
            if let times = rule.times {
                rules[index].times = times - 1
                if times <= 1 { rules.remove(at: index) }
            }
            return rule
        }
    }
}
