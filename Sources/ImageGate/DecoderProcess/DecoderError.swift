internal import Glibc

/// The reason why a decoder process did not respond.
enum DecoderError: Error, Equatable {
    /// The process could not be started. The text is half a sentence for the log.
    case cannotStart(String)
    /// The process has closed its end of the socket; `DecoderProcess` finds out why.
    case hungUp
    case killed(signal: CInt)
    case exited(status: CInt)
    case tooSlow
    /// The process sent a response that no correct decoder sends.
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

/// The reason for the log, as half a sentence.
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
