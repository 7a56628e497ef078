import Foundation
import TestSupport

@testable import LocalE2B

/// What this machine can run. Without bubblewrap or a kernel the tests that need a sandbox are skipped, and say so.
enum Machine {
    static let canRunSandboxes =
        run("/usr/bin/bwrap", "--unshare-user", "--unshare-net", "--ro-bind", "/", "/", "/bin/true") == 0
        && run("/usr/bin/python3", "-c", "import ipykernel, matplotlib, pandas, PIL") == 0

    static let needs = "needs bubblewrap, python3-ipykernel, python3-matplotlib, python3-pandas and python3-pil"

    /// The exit status; -1 when the program is not there.
    static func run(_ arguments: String...) -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        do {
            try process.run()
        } catch {
            return -1
        }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// What blocks, away from the few threads on which the server under test runs, too.
    static func aside<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }

    static func living() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
    }

    /// Processes in the same pid namespace, itself included.
    static func processes(inNamespaceOf pid: String) throws -> [String] {
        func namespace(_ pid: String) -> String? {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/pid")
        }
        let theirs = namespace(pid)
        return try living().filter { namespace($0) == theirs }
    }

    /// Returns when there are none: the kernel ends what was killed a moment later.
    static func waitForEnd(ofProcessesWith text: String) async throws {
        try await eventually("the end of processes with \(text)") { try processes(with: text).isEmpty }
    }

    /// Processes whose command line holds `text`.
    static func processes(with text: String) throws -> [String] {
        try living().filter { pid in
            ProcFile.text("/proc/\(pid)/cmdline").replacing("\0", with: " ").contains(text)
        }
    }
}
