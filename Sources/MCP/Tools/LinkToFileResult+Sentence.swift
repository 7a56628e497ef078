import FoundationEssentials
import Interpreter
import System

/// The time for which links to files work. No other file says it.
extension LinkToFileResult {
    /// The time for which a link is made.
    static let lifetime = Duration.seconds(3600)

    static let lifetimeSentence = "It works for an hour at most."

    /// The link and the time for which it works. A space follows the link, because a program may search the text for
    /// it.
    var sentence: String {
        let idle = sandboxIdle.map { ", and no longer than \($0.inMinutes) after the sandbox's last use" } ?? ""
        return "\(url) (until \(endsAt.written) at the latest\(idle))"
    }
}

extension Duration {
    /// The duration for a message, in minutes if it is at least two whole ones.
    fileprivate var inMinutes: String {
        let minutes = components.seconds / 60
        return minutes > 1 && self == .seconds(minutes * 60) ? "\(minutes) minutes" : words
    }
}
