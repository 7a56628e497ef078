internal import Glibc

/// Why a helper did not answer.
enum HelperFailure: Error, Equatable {
    /// Half a sentence for the log.
    case cannotStart(String)
    /// The other end of the socket is closed: `Helper` finds out why.
    case hungUp
    case killed(signal: CInt)
    case exited(status: CInt)
    case tooSlow
    /// It said what it cannot have to say.
    case brokeProtocol

    func rejection(of type: ImageType) -> ImageRejection {
        switch self {
        case .cannotStart: .decoderUnavailable
        case .hungUp, .killed, .exited: .decoderCrashed(type)
        case .tooSlow: .decoderTooSlow(type)
        case .brokeProtocol: .decoderAstray(type)
        }
    }
}

/// Half a sentence for the log.
extension HelperFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .cannotStart(let why): "cannot be started: \(why)"
        case .hungUp: "closed its connection"
        case .killed(let signal): "was ended by signal \(signal), \(String(cString: strsignal(signal)))"
        case .exited(let status): "exited with status \(status)"
        case .tooSlow: "was ended: it took too long"
        case .brokeProtocol: "was ended: its answer cannot be"
        }
    }
}
