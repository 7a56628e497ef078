internal import Synchronization

/// Where a fault can strike.
package enum FaultStep: String, Sendable, CaseIterable {
    case create, kill, execute, list, info, timeout, connect, envd
}

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
    /// The execute stream ends after this many bytes, without its final chunk.
    package var cut: Int?
    /// The execute stream begins with a line that is not JSON.
    package var hasGarbage = false
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

    func strike(_ step: FaultStep) -> FaultRule? {
        rules.withLock { rules in
            guard let index = rules.firstIndex(where: { $0.step == step }) else { return nil }
            let rule = rules[index]
            if let times = rule.times {
                rules[index].times = times - 1
                if times <= 1 { rules.remove(at: index) }
            }
            return rule
        }
    }
}
