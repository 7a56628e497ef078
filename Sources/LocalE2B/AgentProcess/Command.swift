internal import Foundation

/// Runs a short program to its end at the start, to find out what this machine can do.
struct Command {
    let status: CInt
    let output: String
    let error: String

    static func run(_ arguments: [String]) async throws(LocalE2BError) -> Command {
        let result = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: runAndWait(arguments)) }
        }
        return try result.get()
    }

    private static func runAndWait(_ arguments: [String]) -> Result<Command, LocalE2BError> {
        let process = Process()
        process.executableURL = URL(filePath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        let (output, error) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (FileHandle.nullDevice, output, error)
        do {
            try process.run()
            // The output of these programs fits into a pipe, so one pipe may be read after the other.
            let said = try output.fileHandleForReading.readToEnd() ?? Data()
            let complained = try error.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return .success(
                Command(
                    status: process.terminationStatus, output: String(decoding: said, as: UTF8.self),
                    error: String(decoding: complained, as: UTF8.self)))
        } catch {
            return .failure(.agentFailed("\(arguments[0]): \(error.localizedDescription)"))
        }
    }
}
