import Foundation
import Testing

/// The built `e2b-local`, as a user starts it.
final class RunningBinary {
    let process = Process()
    private let output = Pipe()
    private let error = Pipe()
    /// The temporary folder it is given, so that what it leaves behind can be seen.
    let temporary: URL
    private let isOwner: Bool

    /// - Parameters:
    ///   - wrapper: a program that runs it.
    ///   - other: whose temporary folder it uses, too.
    init(
        _ arguments: [String], environment: [String: String] = [:], inside wrapper: [String] = [],
        sharing other: RunningBinary? = nil
    ) throws {
        isOwner = other == nil
        temporary =
            other?.temporary
            ?? FileManager.default.temporaryDirectory.appending(path: "e2b-local-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        // Whoever it runs as, it and the sandbox's user must be able to use it.
        try FileManager.default.setAttributes([.posixPermissions: 0o1777], ofItemAtPath: temporary.path)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(filePath: own).deletingLastPathComponent().appending(path: "e2b-local").path
        let command = wrapper + [program] + arguments
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ["PATH": "/usr/bin:/bin", "TMPDIR": temporary.path].merging(environment) { $1 }
        (process.standardOutput, process.standardError) = (output, error)
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        // Left over only when a test failed.
        if isOwner { try? FileManager.default.removeItem(at: temporary) }
    }

    /// The first line on stdout; nil when it ended without one.
    func readLine() async -> String? {
        let handle = output.fileHandleForReading
        return await onThread {
            var line: [UInt8] = []
            while let byte = try? handle.read(upToCount: 1)?.first, byte != 0x0A { line.append(byte) }
            return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
        }
    }

    /// What `ready http://127.0.0.1:PORT KEY` says.
    func ready() async throws -> (port: UInt16, key: String) {
        let line = try #require(await readLine())
        let ready = try #require(line.wholeMatch(of: /ready http:\/\/127\.0\.0\.1:(\d+)(?: (\S+))?/), "\(line)")
        return (try #require(UInt16(ready.1)), String(ready.2 ?? ""))
    }

    func complaint() async -> String {
        let handle = error.fileHandleForReading
        return await onThread { String(decoding: (try? handle.readToEnd()) ?? Data(), as: UTF8.self) }
    }

    func waitForExit() async -> Int32 {
        let process = process
        return await onThread {
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
