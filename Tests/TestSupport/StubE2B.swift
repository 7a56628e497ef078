import Foundation
import Synchronization

/// E2B without machines: its control API, and commands that end at once and print in which sandbox they ran. A sandbox costs
/// a dictionary entry, so that a race can be run a thousand times.
package final class StubE2B: Sendable {
    /// What differs from one E2B to another.
    package struct Behaviour: Sendable, CustomStringConvertible {
        package let description: String
        /// Milliseconds.
        var creation: ClosedRange<Int>
        /// A start is when the creation was asked for, not when it was done.
        var startsAtRequest: Bool
        /// Starts are told in whole seconds.
        var tellsSeconds: Bool
        /// Milliseconds until a list knows of a new sandbox, and of the end of one.
        var listLag: ClosedRange<Int>
        /// Milliseconds.
        var killing: ClosedRange<Int>
        /// Milliseconds that each execution takes.
        var execution: Int

        package init(
            _ description: String, creation: ClosedRange<Int> = 0...0, startsAtRequest: Bool = false,
            tellsSeconds: Bool = false, listLag: ClosedRange<Int> = 0...0, killing: ClosedRange<Int> = 0...0,
            execution: Int = 0
        ) {
            self.execution = execution
            self.description = description
            self.creation = creation
            self.startsAtRequest = startsAtRequest
            self.tellsSeconds = tellsSeconds
            self.listLag = listLag
            self.killing = killing
        }
    }

    fileprivate struct Machine {
        let id: String
        let metadata: [String: String]
        var startedAt: Date
        var endsAt: Date
        let listedFrom: Date
        var killedAt: Date?
        var listedUntil = Date.distantFuture
        var pausesAtEnd = false
        var isPaused = false
        /// Until then it is neither running nor paused.
        var changesUntil = Date.distantPast
        /// When its first process began.
        var bootedAt = Date.now
        /// Those of its one kernel.
        var executions = 0
    }

    fileprivate struct State {
        var machines: [String: Machine] = [:]
        var controlCalls: [String] = []
        /// Connections on which a sandbox's own host was asked for.
        var toSandboxes = 0
        var acceptedToSandboxes = 0
        /// Creations whose answer is not sent.
        var lostAnswers = 0
        /// Creations that are refused.
        var refusals = 0
        /// Sandboxes at a time.
        var limit = Int.max
        /// How often a paused sandbox was resumed.
        var resumptions = 0
        /// Seconds of each call that set or extended a time.
        var timeouts: [Double] = []
    }

    fileprivate final class Core: Sendable {
        let behaviour: Behaviour
        let state = Mutex(State())
        init(_ behaviour: Behaviour) { self.behaviour = behaviour }
    }

    private let core: Core
    private let loopback: Loopback

    package init(_ behaviour: Behaviour = Behaviour("at once")) {
        let core = Core(behaviour)
        self.core = core
        loopback = Loopback { connection in
            var isToSandbox = false
            defer { if isToSandbox { core.state.withLock { $0.toSandboxes -= 1 } } }
            while let request = connection.readRequest() {
                if !isToSandbox, request.headers.contains(where: { $0.hasPrefix("Host: ") && $0.contains("-i") }) {
                    isToSandbox = true
                    core.state.withLock { state in
                        state.toSandboxes += 1
                        state.acceptedToSandboxes += 1
                    }
                }
                guard core.answer(request, connection) else { return }
            }
        }
    }

    package var url: String { loopback.url }

    /// Of what a responder is told of its E2B.
    package var environment: [String: String] {
        ["E2B_API_URL": url, "E2B_SANDBOX_URL": url, "E2B_API_KEY": "e2b_" + String(repeating: "0", count: 40)]
    }

    /// The same, with a host under `localhost` for each sandbox.
    package var environmentWithHosts: [String: String] {
        var environment = environment
        environment["E2B_SANDBOX_URL"] = nil
        environment["E2B_DOMAIN"] = "localhost:\(loopback.port)"
        return environment
    }

    /// Connections to hosts of sandboxes now.
    package var connectionsToSandboxes: Int { core.state.withLock { $0.toSandboxes } }

    /// Those that there have been.
    package var acceptsToSandboxes: Int { core.state.withLock { $0.acceptedToSandboxes } }

    /// Method and path of each call to the control API.
    package var controlCalls: [String] { core.state.withLock { $0.controlCalls } }

    /// The ids of those that live and have all of `metadata`, oldest first.
    package func alive(_ metadata: [String: String] = [:]) -> [String] {
        core.state.withLock { state in
            state.machines.values.filter { $0.killedAt == nil && $0.has(metadata) }
                .sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }.map(\.id)
        }
    }

    /// Whether the sandbox was made to be paused at its end.
    package func pausesAtEnd(_ id: String) -> Bool { core.state.withLock { $0.machines[id]?.pausesAtEnd == true } }

    /// How often a paused sandbox was resumed.
    package var resumptions: Int { core.state.withLock { $0.resumptions } }

    /// Seconds of each call that set or extended a sandbox's time.
    package var timeouts: [Double] { core.state.withLock { $0.timeouts } }

    /// Pauses a sandbox as E2B does at its end.
    ///
    /// - Parameters:
    ///   - seconds: what it takes. Meanwhile no list has it, and it cannot be resumed.
    ///   - ran: how long it ran before.
    ///   - unused: how long ago that is.
    package func pause(_ id: String, taking seconds: Double = 0, ran: Double = 900, unused: Double = 0) {
        core.state.withLock { state in
            state.machines[id]?.isPaused = true
            state.machines[id]?.changesUntil = .now + seconds
            state.machines[id]?.endsAt = .now - unused
            state.machines[id]?.startedAt = .now - unused - ran
            state.machines[id]?.bootedAt = .now - unused - ran
        }
    }

    /// Has the paused sandbox start anew from its disk when it is resumed.
    ///
    /// - Parameter machine: whether all of it does, or its kernel only.
    package func loseMemory(of id: String, machine: Bool = true) {
        core.state.withLock { state in
            state.machines[id]?.executions = 0
            if machine { state.machines[id]?.bootedAt = .now }
        }
    }

    /// A sandbox that somebody made who is gone.
    package func add(_ metadata: [String: String], age seconds: Double, endsIn left: Double = 3600) -> String {
        let machine = Machine(
            id: Core.makeID(), metadata: metadata, startedAt: .now - seconds, endsAt: .now + left,
            listedFrom: .distantPast)
        core.state.withLock { $0.machines[machine.id] = machine }
        return machine.id
    }

    /// Ends the sandbox as E2B does when its machine fails.
    package func end(_ id: String) { core.state.withLock { $0.machines[id]?.killedAt = .now } }

    /// Refuses so many creations, from the next one on.
    package func refuse(creations: Int) { core.state.withLock { $0.refusals = creations } }

    /// Allows so many sandboxes at a time, as E2B's plans do.
    package func limit(to count: Int) { core.state.withLock { $0.limit = count } }

    /// The connection ends in place of the next creation's answer.
    package func loseNextAnswer() { core.state.withLock { $0.lostAnswers += 1 } }
}

fileprivate extension StubE2B.Machine {
    func has(_ wanted: [String: String]) -> Bool {
        wanted.allSatisfy { name, value in metadata[name].map { $0.utf8.elementsEqual(value.utf8) } ?? false }
    }
}

fileprivate extension StubE2B.Core {
    /// False: the connection is to be closed.
    func answer(_ request: Loopback.Request, _ connection: Loopback.Connection) -> Bool {
        let words = request.line.split(separator: " ")
        guard words.count > 2 else { return false }
        let method = String(words[0])
        let target = words[1].split(separator: "?", maxSplits: 1)
        let path = target[0].split(separator: "/").map(String.init)
        let query = target.count > 1 ? String(target[1]) : ""
        if !sandboxID(request).isEmpty, running(request) == nil { return refuse(request, connection) }
        if path.first == "process.Process" { return run(request, connection) }
        if path == ["execute"] { return execute(request, connection) }
        state.withLock { $0.controlCalls.append("\(method) \(target[0])") }
        switch (method, path.count) {
        case ("POST", 1): return create(request, connection)
        case ("GET", 2) where path[0] == "v2": return list(query, connection)
        case ("GET", 2): return with(path[1], connection) { _ in }
        case ("DELETE", 2): return kill(path[1], connection)
        case ("POST", 3):
            let seconds = (object(request.body)["timeout"] as? NSNumber)?.doubleValue ?? 300
            state.withLock { $0.timeouts.append(seconds) }
            if path[2] == "connect" { return connect(path[1], seconds, connection) }
            return with(path[1], connection, status: "204 No Content", isRunning: true) { $0.endsAt = .now + seconds }
        default: return connection.respond("{}", status: "404 Not Found")
        }
    }

    private func create(_ request: Loopback.Request, _ connection: Loopback.Connection) -> Bool {
        let begin = Date.now
        pause(behaviour.creation)
        let refusal = state.withLock { state -> String? in
            if state.refusals > 0 {
                state.refusals -= 1
                return "400 Bad Request"
            }
            return state.machines.values.count { $0.killedAt == nil } < state.limit ? nil : "429 Too Many Requests"
        }
        if let refusal { return connection.respond(#"{"code":0,"message":"not now"}"#, status: refusal) }
        let body = object(request.body)
        let (machine, isLost) = state.withLock { state in
            // Under the lock: who is in a list before another has started before it, where starts are told as they are.
            let now = Date.now
            let start = behaviour.startsAtRequest ? begin : now
            let machine = StubE2B.Machine(
                id: Self.makeID(), metadata: body["metadata"] as? [String: String] ?? [:],
                startedAt: behaviour.tellsSeconds
                    ? Date(timeIntervalSince1970: start.timeIntervalSince1970.rounded(.down)) : start,
                endsAt: now + ((body["timeout"] as? NSNumber)?.doubleValue ?? 15),
                listedFrom: now + lag(), pausesAtEnd: body["autoPause"] as? Bool == true)
            state.machines[machine.id] = machine
            let isLost = state.lostAnswers > 0
            if isLost { state.lostAnswers -= 1 }
            return (machine, isLost)
        }
        return isLost ? false : connection.respond(json(machine), status: "201 Created")
    }

    private func list(_ query: String, _ connection: Loopback.Connection) -> Bool {
        var wanted: [String: String] = [:]
        var states = ["running", "paused"]
        for field in query.split(separator: "&") where field.hasPrefix("state=") {
            states = unescape(String(field.dropFirst(6))).split(separator: ",").map(String.init)
        }
        for field in query.split(separator: "&") where field.hasPrefix("metadata=") {
            // Escaped as a parameter, as a whole and in parts.
            for pair in unescape(unescape(String(field.dropFirst(9)))).split(separator: "&") {
                let parts = pair.split(separator: "=").map { unescape(String($0)) }
                if parts.count == 2 { wanted[parts[0]] = parts[1] }
            }
        }
        let now = Date.now
        let machines = state.withLock { state in
            state.machines.values.filter { machine in
                machine.listedFrom <= now && now < machine.listedUntil && machine.changesUntil <= now
                    && machine.has(wanted) && states.contains(machine.isPaused ? "paused" : "running")
            }
        }
        return connection.respond("[" + machines.map(json).joined(separator: ",") + "]")
    }

    private func kill(_ id: String, _ connection: Loopback.Connection) -> Bool {
        pause(behaviour.killing)
        return with(id, connection, status: "204 No Content") { machine in
            machine.killedAt = .now
            machine.listedUntil = .now + lag()
        }
    }

    private func connect(_ id: String, _ seconds: Double, _ connection: Loopback.Connection) -> Bool {
        enum State { case changing, resumed, other }
        let found = state.withLock { state -> State in
            guard let machine = state.machines[id], machine.killedAt == nil, machine.isPaused else { return .other }
            guard machine.changesUntil <= .now else { return .changing }
            state.resumptions += 1
            state.machines[id]?.isPaused = false
            state.machines[id]?.startedAt = .now
            state.machines[id]?.endsAt = .now + seconds
            return .resumed
        }
        if found == .changing {
            return connection.respond(
                #"{"code":409,"message":"Sandbox \#(id) is being paused"}"#, status: "409 Conflict")
        }
        return with(id, connection, status: found == .resumed ? "201 Created" : "200 OK") { machine in
            machine.endsAt = max(machine.endsAt, .now + seconds)
        }
    }

    /// Answers with the sandbox after `change`; 404 when it does not live.
    private func with(
        _ id: String, _ connection: Loopback.Connection, status: String = "200 OK", isRunning: Bool = false,
        _ change: (inout StubE2B.Machine) -> Void
    ) -> Bool {
        let machine = state.withLock { state -> StubE2B.Machine? in
            guard var machine = state.machines[id], machine.killedAt == nil, !(isRunning && machine.isPaused)
            else { return nil }
            change(&machine)
            state.machines[id] = machine
            return machine
        }
        guard let machine else {
            return connection.respond(
                #"{"code":404,"message":"Sandbox \#(id) does not exist"}"#, status: "404 Not Found")
        }
        return connection.respond(status.hasPrefix("204") ? "" : json(machine), status: status)
    }

    /// A command, which prints what `whoami; pwd` does, and its sandbox's id; or the age of its first process.
    private func run(_ request: Loopback.Request, _ connection: Loopback.Connection) -> Bool {
        guard let machine = running(request) else { return refuse(request, connection) }
        let isAboutAge = String(decoding: request.body, as: UTF8.self).contains("uptime")
        let text = isAboutAge ? "\(Int(-machine.bootedAt.timeIntervalSinceNow))\n" : "user\n/home/user\n\(machine.id)\n"
        let output = Data(text.utf8).base64EncodedString()
        let events = [
            #"{"event":{"start":{"pid":7}}}"#, #"{"event":{"data":{"stdout":"\#(output)"}}}"#,
            #"{"event":{"end":{"exited":true,"status":"exit status 0"}}}"#,
        ]
        var body: [UInt8] = []
        for (message, flags) in events.map({ ($0, 0 as UInt8) }) + [("{}", 2)] {
            let count = UInt32(message.utf8.count)
            body += [flags] + withUnsafeBytes(of: count.bigEndian, Array.init) + Array(message.utf8)
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\nContent-Length: \(body.count)\r\n\r\n"
        return connection.write(Array(head.utf8) + body)
    }

    /// An execution, which prints how many there were before it in its kernel.
    private func execute(_ request: Loopback.Request, _ connection: Loopback.Connection) -> Bool {
        guard let machine = running(request) else { return refuse(request, connection) }
        pause(behaviour.execution...behaviour.execution)
        let count = state.withLock { state in
            let count = machine.executions + 1
            state.machines[machine.id]?.executions = count
            return count
        }
        return connection.respond(
            #"{"type":"number_of_executions","execution_count":\#(count)}"# + "\n"
                + #"{"type":"stdout","text":"\#(count - 1)\n"}"# + "\n" + #"{"type":"end_of_execution"}"# + "\n",
            headers: ["Content-Type: application/x-ndjson"])
    }

    /// The sandbox that a request is for, if it runs.
    private func running(_ request: Loopback.Request) -> StubE2B.Machine? {
        let id = sandboxID(request)
        return state.withLock { state in
            state.machines[id].flatMap { $0.killedAt == nil && !$0.isPaused ? $0 : nil }
        }
    }

    private func sandboxID(_ request: Loopback.Request) -> String {
        let header = request.headers.first { $0.lowercased().hasPrefix("e2b-sandbox-id:") } ?? ""
        return header.dropFirst("e2b-sandbox-id:".count).trimmingCharacters(in: .whitespaces)
    }

    private func refuse(_ request: Loopback.Request, _ connection: Loopback.Connection) -> Bool {
        connection.respond(
            #"{"sandboxId":"\#(sandboxID(request))","message":"The sandbox was not found","code":502}"#,
            status: "502 Bad Gateway", headers: ["Content-Type: application/json"])
    }

    // MARK: -

    static func makeID() -> String {
        "i" + String((0..<19).map { _ in "0123456789abcdefghijklmnopqrstuvwxyz".randomElement() ?? "0" })
    }

    private func lag() -> Double { Double(Int.random(in: behaviour.listLag)) / 1000 }

    /// The connection has a thread of its own.
    private func pause(_ milliseconds: ClosedRange<Int>) {
        let pause = Int.random(in: milliseconds)
        if pause > 0 { usleep(UInt32(pause * 1000)) }
    }

    private func json(_ machine: StubE2B.Machine) -> String {
        let object: [String: Any] = [
            "templateID": "t", "sandboxID": machine.id, "clientID": "6532622b", "envdVersion": "0.6.13",
            "envdAccessToken": String(repeating: "0", count: 64), "metadata": machine.metadata,
            "state": machine.isPaused ? "paused" : "running",
            "startedAt": text(machine.startedAt), "endAt": text(machine.endsAt), "cpuCount": 2, "memoryMB": 512,
            "diskSizeMB": 1024,
        ]
        let bytes = try? JSONSerialization.data(withJSONObject: object)
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }

    private func text(_ date: Date) -> String {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        let micros = Int((date.timeIntervalSince1970 - seconds) * 1e6)
        return Date(timeIntervalSince1970: seconds).formatted(.iso8601).dropLast() + String(format: ".%06dZ", micros)
    }

    private func object(_ body: [UInt8]) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
    }

    private func unescape(_ text: String) -> String { text.removingPercentEncoding ?? "" }
}
