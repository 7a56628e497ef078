internal import Synchronization

/// One rule of the fault grammar: what goes wrong at a step, and how often.
package struct FaultRule: Equatable, Sendable {
    package var step: FaultStep
    package var delay: Duration?
    package var status: Int?
    package var retryAfter: Int?
    /// Goes into the common error body.
    package var message: String?
    /// The whole answer's body.
    package var body: String?
    package var hangs = false
    package var resets = false
    /// A Connect error: the answer of a unary call, the end envelope of a stream.
    var rpc: ConnectError.Code?
    /// E2B's edge says that there is no such sandbox.
    package var isGone = false
    /// E2B's edge says that nothing listens on the port.
    package var isClosed = false
    /// The answer's body ends after this many bytes, and the connection with it.
    package var cut: Int?
    /// The answer's body begins with what is not JSON.
    package var hasGarbage = false
    /// A Connect stream ends without its end envelope.
    package var lacksEnd = false
    /// Applies this often; nil: for good.
    package var times: Int?
}

/// The faults in force. The first rule for a step applies; used up, it makes room for the next.
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

    /// - Parameter steps: what a request is; all that it is called.
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
