internal import Glibc
internal import Synchronization

/// An E2B that costs nothing: it makes sandboxes that are numbers, runs no code, and counts.
///
/// Each sandbox has a host name of its own, under `localhost`.
package final class CannedE2B: Sendable {
    private struct State {
        var created = 0
        var executed = 0
        var killed = 0
        var refused = 0
        var open = 0
    }

    /// What the stub and its connections share; those do not keep the stub alive.
    private final class Counts: Sendable {
        let state = Mutex(State())
    }

    private let counts: Counts
    private let loopback: Loopback

    /// - Parameters:
    ///   - limit: sandboxes at a time, as E2B has a limit on them.
    ///   - execute: called before an execution is answered, on a thread of its own. May block.
    ///   - kill: the same before a sandbox ends.
    package init(
        limit: Int = .max, execute: @escaping @Sendable () -> Void = {}, kill: @escaping @Sendable () -> Void = {}
    ) {
        let counts = Counts()
        self.counts = counts
        loopback = Loopback { connection in
            counts.state.withLock { $0.open += 1 }
            defer { counts.state.withLock { $0.open -= 1 } }
            while let request = connection.readRequest() {
                if request.line.hasPrefix("POST /sandboxes ") {
                    let number = counts.state.withLock { state -> Int? in
                        guard state.created - state.killed < limit else {
                            state.refused += 1
                            return nil
                        }
                        state.created += 1
                        return state.created
                    }
                    guard let number else {
                        connection.respond(
                            #"{"code":429,"message":"you have reached the maximum number of concurrent E2B sandboxes (\#(limit))"}"#,
                            status: "429 Too Many Requests", headers: ["Content-Type: application/json"])
                        continue
                    }
                    let port = request.headers.first { $0.lowercased().hasPrefix("host:") }?.split(separator: ":").last
                    connection.respond(
                        #"{"sandboxID":"s\#(number)","domain":"localhost:\#(port ?? "")","envdVersion":"0.5.7"}"#,
                        status: "201 Created", headers: ["Content-Type: application/json"])
                } else if request.line.hasPrefix("POST /execute ") {
                    // What sets a kernel's variables is no program.
                    if !request.isPreparation {
                        counts.state.withLock { $0.executed += 1 }
                        execute()
                    }
                    connection.respond(
                        #"{"type":"number_of_executions","execution_count":1}"# + "\n"
                            + #"{"type":"stdout","text":"done\n"}"# + "\n" + #"{"type":"end_of_execution"}"# + "\n",
                        headers: ["Content-Type: application/x-ndjson"])
                } else if request.line.hasPrefix("DELETE ") {
                    kill()
                    counts.state.withLock { $0.killed += 1 }
                    connection.write("HTTP/1.1 204 No Content\r\n\r\n")
                } else {
                    connection.respond("[]", headers: ["Content-Type: application/json"])
                }
            }
        }
    }

    package var url: String { loopback.url }
    package var created: Int { counts.state.withLock { $0.created } }
    /// Executions that have arrived.
    package var executed: Int { counts.state.withLock { $0.executed } }
    package var killed: Int { counts.state.withLock { $0.killed } }
    /// Creations beyond the limit.
    package var refused: Int { counts.state.withLock { $0.refused } }
    /// Connections now.
    package var open: Int { counts.state.withLock { $0.open } }
}

extension Loopback.Request {
    /// Whether this is an execution with which the interpreter prepares a kernel for a program.
    package var isPreparation: Bool {
        line.hasPrefix("POST /execute") && String(decoding: body, as: UTF8.self).contains("Variables of the sandbox")
    }

    /// The answer to that.
    package static let prepared =
        #"{"type":"number_of_executions","execution_count":1}"# + "\n" + #"{"type":"end_of_execution"}"# + "\n"
}

/// Holds threads until it is opened, for good.
package final class Latch: Sendable {
    private let isOpen = Mutex(false)

    package init() {}

    package func open() { isOpen.withLock { $0 = true } }

    /// Blocks, for a few minutes at most.
    package func pass() {
        for _ in 0..<60_000 {
            if isOpen.withLock({ $0 }) { return }
            usleep(5000)
        }
    }
}
