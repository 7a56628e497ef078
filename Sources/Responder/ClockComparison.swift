package import FoundationEssentials

/// This machine's clock beside another one, which told its time in whole seconds.
package struct ClockComparison: CustomStringConvertible, Sendable {
    package enum Judgement: Equatable, Sendable {
        case right
        /// Nothing fails, and times in answers are off.
        case off
        /// Signatures and links may be refused.
        case wrong
    }

    /// The seconds by which ours is ahead; negative if it is behind.
    package let difference: Double

    package init(ours: Date, theirs: Date) {
        difference = ours.timeIntervalSince(theirs)
    }

    package var judgement: Judgement {
        switch abs(difference) {
        // A whole second comes from the rounding, and others from the way of the answer.
        case ...5: .right
        case ...60: .off
        // S3 refuses requests that are 15 minutes off, and tokens are good for a few minutes.
        default: .wrong
        }
    }

    package var description: String {
        guard judgement != .right else { return "as E2B's, within 5 s" }
        let seconds = Int(min(abs(difference), 1e12))
        return "this machine's is \(seconds) s \(difference > 0 ? "ahead of" : "behind") E2B's"
    }
}
