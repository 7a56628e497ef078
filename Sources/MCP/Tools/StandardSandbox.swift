import JSON

/// The sandbox that a call without a session works in, and the words in which models are told of it.
enum StandardSandbox: Sendable {
    /// The conversation's sandbox, which stays. The client names the conversation.
    case ofConversation
    /// A new sandbox, which ends with the call. The client's key may name no conversation.
    case ofCall

    /// The parameter `session` of every tool.
    var session: ParameterDescription { ParameterDescription("session", .text, sessionMeaning) }

    private var sessionMeaning: String {
        switch self {
        case .ofConversation: "Names a further sandbox, which stays between calls. Without it: the conversation's."
        case .ofCall:
            "Names a sandbox that stays between calls: any text, the same in each. Without it: a new one for this call alone."
        }
    }

    /// The later calls that find the variables and files of this one.
    var laterCalls: String {
        switch self {
        case .ofConversation: "the next call of the conversation"
        case .ofCall: "the next call with the same `session`"
        }
    }

    /// The description of all tools together.
    var instructions: String {
        switch self {
        case .ofConversation: "Runs code in a sandbox that stays for the whole conversation. \(Self.pictures)"
        case .ofCall:
            "Runs code in a sandbox that stays for all calls with the same `session`; give one wherever a later call needs what this "
                + "one leaves. \(Self.pictures)"
        }
    }

    private static let pictures = "Plots and pictures are shown to the user as they are made."
}
