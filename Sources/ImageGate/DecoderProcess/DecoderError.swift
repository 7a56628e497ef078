internal import Glibc

/// Why a decoder process did not respond.
enum DecoderError: Error, Equatable {
    /// Half a sentence for the log.
    case cannotStart(String)
    /// The other end of the socket is closed; `DecoderProcess` finds out why.
    case hungUp
    case killed(signal: CInt)
    case exited(status: CInt)
    case tooSlow
    /// It sent something that no correct decoder sends.
    case protocolViolation

    func gateError(of type: ImageType) -> ImageGateError {
        switch self {
        case .cannotStart: .decoderUnavailable
        case .hungUp, .killed, .exited: .decoderCrashed(type)
        case .tooSlow: .decoderTooSlow(type)
        case .protocolViolation: .decoderMisbehaved(type)
        }
    }
}

/// Half a sentence for the log.
extension DecoderError: CustomStringConvertible {
    var description: String {
        switch self {
        case .cannotStart(let why): "cannot be started: \(why)"
        case .hungUp: "closed its connection"
        case .killed(let signal): "was ended by signal \(signal), \(String(cString: strsignal(signal)))"
        case .exited(let status): "exited with status \(status)"
        case .tooSlow: "was ended: it took too long"
        case .protocolViolation: "was ended: its answer cannot be"
        }
    }
}
