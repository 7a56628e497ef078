import Glibc
import Responder

/// The one way to standard error. Shared by all that runs in the process, as the descriptor is.
enum StandardError {
    static let lines = LogOutput(descriptor: STDERR_FILENO)

    /// How long the process's end waits for somebody who reads the last lines.
    static let patience = Duration.seconds(1)
}

/// What somebody at a terminal should know beside the result.
@Sendable func warn(_ sentence: String) {
    StandardError.lines.write("Warning: \(sentence)\n")
}
