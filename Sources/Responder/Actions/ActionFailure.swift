import E2B
import Interpreter
import JSON

/// Why an action did not work: one sentence for the model that says what to do.
struct ActionFailure: Error, Equatable {
    /// 200 wherever the action was understood: LibreChat hides the body of any other answer from the model.
    var status = 200
    let sentence: String
    /// For the log, where the sentence repeats what the caller wrote: that may be code.
    var logged: String?
    var sessionID: String
    /// When it is worth trying again.
    var retryAfter: Duration?
    /// What there is to tell besides.
    var members: [JSONNode.Member] = []

    init(_ sentence: String, logged: String? = nil, sessionID: String = "") {
        self.sentence = sentence
        self.logged = logged
        self.sessionID = sessionID
    }

    init(_ refusal: Refusal, sessionID: String = "") {
        self.init(refusal.sentence, sessionID: sessionID)
        status = refusal.status
        retryAfter = refusal.retryAfter
        logged = refusal.logged
    }

    init(_ error: InterpreterError, sessionID: String = "") {
        self.init("\(error)", sessionID: sessionID)
    }

    init(_ error: E2BError, sessionID: String = "") {
        self.init(Refusal(error), sessionID: sessionID)
        switch error {
        // Waiting helps, the caller is gone, or we are: only these are no answers to the model.
        case .rateLimited, .noCapacity, .outOfMemory, .outOfDescriptors, .cancelled, .shutDown: break
        default: (status, retryAfter) = (200, nil)
        }
    }
}
