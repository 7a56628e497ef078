import Glibc
import Responder

/// The shared output to standard error. All messages of the process go through it.
enum StandardError {
    static let lines = LogOutput(descriptor: STDERR_FILENO)

    /// The longest time that the end of the process waits for the last lines to be written.
    static let patience = Duration.seconds(1)
}

/// Prints a warning for the user beside the result.
@Sendable func warn(_ sentence: String) {
    StandardError.lines.write("Warning: \(sentence)\n")
}
