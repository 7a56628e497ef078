internal import Interpreter
internal import JSON
package import Store
/// What is known of a program that waits for results: its request, the calls that it has made so far, and what became of them. It is
/// the log of the program in the store, so that any process goes on with it.
///
/// The first entry is the request. Then there are calls and results in turn.
package struct ProgramRecord: Sendable {
    struct Call: Equatable, Sendable {
        /// As the caller knows it.
        let id: String
        /// As the runner knows it.
        let key: String
    }

    /// How often a program may wait for results.
    package static let roundLimit = 20
    /// Bytes of all results together.
    package static let resultsLimit = 40 << 20

    /// Where the program's files are stored.
    package let session: StoreSessionID
    /// What chance follows from in each of the program's runs.
    let seed: Int
    package let request: [UInt8]
    /// On whose behalf it was asked for; nil if nobody was named.
    package let user: String?
    private(set) var rounds: [[Call]] = []
    private var results: [(key: String, result: ToolResults.Result)] = []
    /// The entries that the log has.
    package private(set) var count: Int

    /// Of a program that has not run yet.
    package init(of request: [UInt8], user: String? = nil) {
        self.user = user
        session = .random()
        seed = Int.random(in: 1...Int(UInt32.max))
        self.request = request
        count = 0
    }

    /// - Returns: nil if the entries are none of ours.
    package init?(entries: [[UInt8]]) {
        guard let head = entries.first.flatMap({ Self.members($0) }),
            let session = StoreSessionID(head["session"] ?? ""),
            let seed = Int(head["seed"] ?? ""), let request = head["request"]
        else { return nil }
        self.session = session
        self.seed = seed
        self.request = Array(request.utf8)
        user = head["user"]
        count = entries.count
        for (index, entry) in entries.enumerated().dropFirst() {
            if index % 2 == 1 { rounds.append(Self.calls(entry)) } else { add(Self.results(entry)) }
        }
    }

    /// Whether the program may not ask for further results.
    package var isExhausted: Bool { rounds.count >= Self.roundLimit }

    /// Whether results are waited for.
    package var isWaiting: Bool { count % 2 == 0 && count > 0 }

    // MARK: Entries

    /// Returns the first entry.
    package mutating func begin() -> [UInt8] {
        count += 1
        var json = JSONWriter(capacity: request.count + 256)
        json.member("session", session.text)
        json.member("seed", String(seed))
        if let user { json.member("user", user) }
        json.member("request", String(decoding: request, as: UTF8.self))
        return json.finish()
    }

    /// Numbers the calls that the program has made.
    ///
    /// - Returns: their ids, and the entry that says so.
    package mutating func add(_ calls: [RunnerCall]) -> (ids: [String], entry: [UInt8]) {
        let first = rounds.reduce(1) { $0 + $1.count }
        let round = calls.enumerated().map { index, call in
            let digits = String(first + index)
            return Call(
                id: "call_" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits, key: call.key)
        }
        rounds.append(round)
        count += 1
        var json = JSONWriter()
        json.array("calls") { json in
            for call in round {
                json.object { json in
                    json.member("id", call.id)
                    json.member("key", call.key)
                }
            }
        }
        return (round.map(\.id), json.finish())
    }

    /// Adds what became of the last calls.
    ///
    /// - Returns: the entry that says so.
    /// - Throws: status 400 for a call that was never made, 413 if the results are too large together.
    package mutating func add(_ answers: ToolResults) throws(CodeAPIFailure) -> [UInt8] {
        let open = rounds.last ?? []
        for result in answers.results where !open.contains(where: { $0.id == result.callID }) {
            throw CodeAPIFailure(status: 400, "No call that waits for a result has this `call_id`.")
        }
        add(answers.results)
        count += 1
        guard results.reduce(0, { $0 + $1.result.size }) <= Self.resultsLimit
        else {
            throw CodeAPIFailure(
                status: 413, "The results of a program may have at most \(Self.resultsLimit) bytes together.")
        }
        var json = JSONWriter()
        json.array("results") { json in
            for result in answers.results {
                json.object { json in
                    json.member("id", result.callID)
                    if let value = result.json {
                        json.member("json", value)
                    } else {
                        json.member("error", result.error)
                    }
                }
            }
        }
        return json.finish()
    }

    private mutating func add(_ answers: [ToolResults.Result]) {
        for answer in answers {
            guard let call = rounds.last?.first(where: { $0.id == answer.callID }) else { continue }
            results.append((call.key, answer))
        }
    }

    // MARK: The runner's part

    /// What the runner is told.
    func runnerRequest(_ program: CallingProgram) -> [UInt8] {
        var json = JSONWriter(capacity: 4096)
        json.member("language", program.program.language.rawValue)
        json.member("code", program.program.code)
        json.member("seed", seed)
        json.array("tools") { json in
            for tool in program.tools {
                json.object { json in
                    json.member("name", tool.name)
                    json.member("function", tool.function)
                    json.member("parameters", tool.parameters)
                }
            }
        }
        json.array("results") { json in
            for (key, result) in results {
                json.object { json in
                    json.member("key", key)
                    if let value = result.json {
                        json.member("json", value)
                    } else {
                        json.member("error", result.error)
                    }
                }
            }
        }
        return json.finish()
    }

    // MARK: Reading

    private static func members(_ json: [UInt8]) -> [String: String]? {
        var members: [String: String] = [:]
        let isObject = json.withUnsafeBytes { bytes in
            (try? JSONScanner.members(of: bytes) { key, value in
                if let name = key.string, let text = value.string { members[name] = text }
            }) != nil
        }
        return isObject ? members : nil
    }

    private static func calls(_ json: [UInt8]) -> [Call] {
        list("calls", of: json) { Call(id: $0["id"] ?? "", key: $0["key"] ?? "") }
    }

    private static func results(_ json: [UInt8]) -> [ToolResults.Result] {
        list("results", of: json) {
            ToolResults.Result(callID: $0["id"] ?? "", json: $0["json"], error: $0["error"] ?? "")
        }
    }

    private static func list<Element>(
        _ name: StaticString, of json: [UInt8], _ read: ([String: String]) -> Element
    ) -> [Element] {
        var list: [Element] = []
        json.withUnsafeBytes { bytes in
            try? JSONScanner.value(of: bytes).member(name)?.elements { element in
                var members: [String: String] = [:]
                try? element.members { key, value in
                    if let name = key.string, let text = value.string { members[name] = text }
                }
                list.append(read(members))
            }
        }
        return list
    }
}
