import Foundation

/// A decoder process of the image gate, as it is seen from outside.
package struct DecodingProcess: Hashable, Sendable {
    package let pid: Int32

    /// The decoder processes that a process has now.
    ///
    /// - Parameter argument: Only those that were started with this argument; nil for all.
    package static func of(_ parent: Int32, argument: String? = nil) -> [DecodingProcess] {
        // Not by the `children` of its threads: while one of these ends, the list of them may be cut short.
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.compactMap { Int32($0) }.map(DecodingProcess.init).filter { process in
            guard process.parent == parent else { return false }
            let arguments = process.text("cmdline").split(separator: "\0")
            return arguments.contains("decode-images") && (argument.map { arguments.contains(Substring($0)) } ?? true)
        }
    }

    /// Reads a file of the process in `/proc`; empty if the process is gone.
    package func text(_ file: String) -> String {
        contents("/proc/\(pid)/\(file)")
    }

    /// The `status` file of each thread, except threads that have just ended.
    package var threadStatuses: [String] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.map { text("task/\($0)/status") }.filter { !$0.isEmpty }
    }

    /// The targets of the descriptors, by number.
    package var descriptors: [String: String] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
        return numbers.reduce(into: [:]) { result, number in
            result[number] = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(number)")
        }
    }

    /// Whether the process runs. A zombie does not.
    package var isAlive: Bool { stat.first.map { $0 != "Z" && $0 != "X" } ?? false }

    package var isStopped: Bool { stat.first == "T" }

    private var parent: Int32? { stat.dropFirst().first.flatMap { Int32($0) } }

    /// The processor time in hundredths of a second.
    package var processorTime: Int {
        // Read once: the process may end at any moment.
        let stat = stat
        guard stat.count > 12, let user = Int(stat[11]), let system = Int(stat[12]) else { return 0 }
        return user + system
    }

    package func signal(_ number: Int32) { kill(pid, number) }

    /// The fields of `stat` from the state on. See proc_pid_stat(5).
    private var stat: [Substring] {
        text("stat").split(separator: ")").last?.split(separator: " ") ?? []
    }
}

/// Reads a file. `String(contentsOfFile:)` leaks memory for an empty one.
private func contents(_ path: String) -> String {
    let data = try? FileHandle(forReadingFrom: URL(filePath: path)).readToEnd()
    return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
}

/// Waits until something holds that nobody announces.
package func eventually(
    _ what: String, within limit: Duration = .seconds(300), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw HarnessError.late(waitingFor: what, log: "") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
