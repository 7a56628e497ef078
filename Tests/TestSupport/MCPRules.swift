import Foundation

/// What the Model Context Protocol allows as the answer to a request, whatever that is: its status, its id and its shape.
///
/// Written from the revisions' texts (2024-11-05 to 2025-11-25, "legacy", and 2026-07-28, "modern") and not from the product's
/// code, whose judge it is. Where the texts leave a choice, each way is legal.
package struct MCPRules: Sendable {
    /// The names of the tools that may be called.
    package let tools: Set<String>

    package init(tools: Set<String>) { self.tools = tools }

    package struct Headers: Sendable, CustomStringConvertible {
        package var version: String?
        package var method: String?
        package var name: String?

        package init(version: String? = nil, method: String? = nil, name: String? = nil) {
            self.version = version
            self.method = method
            self.name = name
        }

        package var description: String {
            "version \(version ?? "none"), method \(method ?? "none"), name \(name ?? "none")"
        }
    }

    static let modernVersion = "2026-07-28"
    static let legacyVersions: Set = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]

    enum Era: Sendable { case legacy, modern }

    enum Outcome: Hashable, Sendable {
        /// 202 and no body: a notification, or a response.
        case unanswered
        case error(Int)
        /// The result of that method.
        case result(method: String)
    }

    /// Outcomes that are legal in an era, and the ids that the answer may have; nil stands for null.
    struct Expectation: Sendable {
        let era: Era
        let outcomes: Set<Outcome>
        var ids: [ReferenceJSON?] = [nil]
        /// The version that `initialize` has to answer with.
        var version: String?
    }

    /// - Returns: what is not legal about an answer, in words; nil if all of it is.
    package func violation(
        in status: Int, _ answer: [UInt8], to request: [UInt8], _ headers: Headers
    ) -> String? {
        let legal: [Expectation]
        do throws(ReferenceJSON.Failure) {
            let message = try ReferenceJSON(parsing: request)
            if let messages = message.list {
                return violation(in: status, answer, toBatch: messages, headers, request)
            }
            legal = expectations(for: message, headers)
        } catch .malformed {
            legal = eras(headers).map { Expectation(era: $0, outcomes: [.error(-32700)]) }
        } catch {
            // Deep JSON may be refused as if it were none (RFC 8259, section 9). What else it gets is not judged.
            return answer.isEmpty || (try? ReferenceJSON(parsing: answer)) != nil ? nil : "the answer is not JSON"
        }
        return violation(in: status, answer, legal, request)
    }

    // MARK: - What is legal

    /// By the header alone. One that is empty may count as absent.
    private func eras(_ headers: Headers) -> [Era] {
        guard let version = headers.version?.withoutBlanks else { return [.legacy] }
        if version.isEmpty { return [.legacy, .modern] }
        return Self.legacyVersions.contains(version) ? [.legacy] : [.modern]
    }

    /// Members of the same name have no order in JSON: the first or the last may count, all along.
    private func expectations(for message: ReferenceJSON, _ headers: Headers) -> [Expectation] {
        [false, true].flatMap { fromEnd in expectations(for: Message(json: message, fromEnd: fromEnd), headers) }
    }

    private func expectations(for message: Message, _ headers: Headers) -> [Expectation] {
        var eras = eras(headers)
        if let version = message.version, eras.contains(.legacy), !Self.legacyVersions.contains(version) {
            // Of a version that nobody knows yet the era cannot be told.
            eras = version == Self.modernVersion ? [.modern] : [.legacy, .modern]
        }
        return eras.flatMap { expectations(for: message, headers, $0) }
    }

    private func expectations(for message: Message, _ headers: Headers, _ era: Era) -> [Expectation] {
        let invalid = Expectation(era: era, outcomes: [.error(-32600)])
        guard message.json.isObject else { return [invalid] }
        let id = ID(message["id"])
        let invalidWithID = Expectation(era: era, outcomes: [.error(-32600)], ids: [id.echo])
        // Whether the id of what is no message is echoed, is left open.
        guard message["jsonrpc"]?.text == "2.0" else { return [invalid, invalidWithID] }
        guard let method = message["method"] else {
            guard message["result"] == nil, message["error"] == nil else {
                return [Expectation(era: era, outcomes: [.unanswered])]
            }
            return [invalid, invalidWithID]
        }
        switch id {
        case .absent:
            return [method.text == nil ? invalid : Expectation(era: era, outcomes: [.unanswered])]
        case .invalid: return [invalid]
        case .valid, .disputed:
            let outcomes =
                method.text.map { name in
                    era == .legacy ? legacy(name, message) : modern(name, message, headers)
                } ?? [.error(-32600)]
            let version = message.params?["protocolVersion"]?.text.flatMap {
                Self.legacyVersions.contains($0) ? $0 : nil
            }
            let expected = Expectation(
                era: era, outcomes: outcomes, ids: [id.echo], version: version ?? "2025-11-25")
            if case .disputed = id { return [expected, invalid] }
            return [expected]
        }
    }

    private func legacy(_ method: String, _ message: Message) -> Set<Outcome> {
        switch method {
        case "initialize", "ping", "tools/list":
            var outcomes: Set<Outcome> = [.result(method: method)]
            // A server may insist on the schema.
            let params = message["params"]
            let isLoose = method == "initialize" && params?["protocolVersion"]?.text == nil
            if isLoose || params.map({ !$0.isObject }) == true { outcomes.insert(.error(-32602)) }
            return outcomes
        case "tools/call": return [call(message)]
        default: return [.error(-32601)]
        }
    }

    /// In the order of the revision: what is wrong first is what is told.
    private func modern(_ method: String, _ message: Message, _ headers: Headers) -> Set<Outcome> {
        guard let version = message.version, message.meta("clientCapabilities")?.isObject == true else {
            return [.error(-32602)]
        }
        guard let header = headers.version?.withoutBlanks, header.isSame(as: version),
            let name = headers.method?.withoutBlanks, name.isSame(as: method)
        else { return [.error(-32020)] }
        var outcomes: Set<Outcome> = []
        if method == "tools/call", let tool = message.params?["name"]?.text {
            guard let header = headers.name?.withoutBlanks else { return [.error(-32020)] }
            switch header.names(tool) {
            case true: break
            case false: return [.error(-32020)]
            case nil: outcomes.insert(.error(-32020))
            }
        }
        guard version == Self.modernVersion else { return outcomes.union([.error(-32022)]) }
        switch method {
        case "server/discover", "tools/list": return [.result(method: method)]
        case "tools/call": return outcomes.union([call(message)])
        default: return [.error(-32601)]
        }
    }

    /// Arguments of the wrong kind are the tool's to refuse, in its result.
    private func call(_ message: Message) -> Outcome {
        guard let name = message.params?["name"]?.text, tools.contains(name) else { return .error(-32602) }
        return .result(method: "tools/call")
    }

    // MARK: - What came

    private func violation(
        in status: Int, _ answer: [UInt8], _ legal: [Expectation], _ request: [UInt8]
    ) -> String? {
        if status == 202 {
            guard answer.isEmpty else { return "202 comes with a body" }
            return legal.contains { $0.outcomes.contains(.unanswered) } ? nil : "it is not answered"
        }
        guard let json = try? ReferenceJSON(parsing: answer) else { return "the answer is not JSON" }
        return firstViolation(legal) { violation(in: status, json, $0, request) }
    }

    /// - Returns: nil if one of the expectations is met.
    private func firstViolation(_ legal: [Expectation], _ check: (Expectation) -> String?) -> String? {
        var violations: [String] = []
        for expectation in legal {
            guard let violation = check(expectation) else { return nil }
            violations.append(violation)
        }
        return violations.first ?? "nothing is legal"
    }

    private func violation(
        toBatch messages: [ReferenceJSON], in status: Int, _ json: ReferenceJSON, _ headers: Headers, _ request: [UInt8]
    ) -> String? {
        guard status == 200, let answers = json.list else { return "a batch is not answered with an array and 200" }
        var rest = answers[...]
        for message in messages {
            // An array belongs to the legacy era, whatever its messages say.
            let legal = expectations(for: message, headers) + expectations(for: message, Headers())
            var violation: String? = "a message of a batch is not answered"
            if let answer = rest.first {
                violation = firstViolation(legal) { self.violation(in: nil, answer, $0, request) }
            }
            if violation == nil {
                rest.removeFirst()
            } else if !legal.contains(where: { $0.outcomes.contains(.unanswered) }) {
                return violation
            }
        }
        return rest.isEmpty ? nil : "a batch has more answers than requests"
    }

    private func violation(
        in status: Int, _ answer: [UInt8], toBatch messages: [ReferenceJSON], _ headers: Headers, _ request: [UInt8]
    ) -> String? {
        var refusals: [Expectation] = []
        if eras(headers).contains(.modern) {
            refusals.append(Expectation(era: .modern, outcomes: [.error(-32600)]))
        }
        if messages.isEmpty || messages.count > 50 {
            refusals.append(Expectation(era: .legacy, outcomes: [.error(-32600)]))
        }
        let refusal = violation(in: status, answer, refusals, request)
        guard refusal != nil, !messages.isEmpty, eras(headers).contains(.legacy) else { return refusal }
        if status == 202 {
            let areSilent = messages.allSatisfy { message in
                expectations(for: message, Headers()).contains { $0.outcomes.contains(.unanswered) }
            }
            return areSilent && answer.isEmpty ? nil : "a batch is not answered"
        }
        guard let json = try? ReferenceJSON(parsing: answer) else { return "the answer is not JSON" }
        return violation(toBatch: messages, in: status, json, headers, request)
    }

    /// - Parameter status: nil within a batch, where there is one for all.
    private func violation(
        in status: Int?, _ json: ReferenceJSON, _ expected: Expectation, _ request: [UInt8]
    ) -> String? {
        guard json["jsonrpc"]?.text == "2.0", Set(json.names).isSubset(of: ["jsonrpc", "id", "result", "error"]),
            json.names.count == 3, let id = json["id"]
        else { return "it is no JSON-RPC answer" }
        guard expected.ids.contains(where: { $0.map(id.isSame(as:)) ?? id.isNull }) else {
            return "its id is another one"
        }
        if let error = json["error"] {
            guard let code = error["code"]?.integer, let message = error["message"]?.text, !message.isEmpty else {
                return "an error has no code or no message"
            }
            guard expected.outcomes.contains(.error(code)) else { return "the error \(code) is not among those due" }
            let due = expected.era == .legacy ? 200 : code == -32601 ? 404 : code == -32603 ? 200 : 400
            if let status, status != due { return "the error \(code) has status \(status), not \(due)" }
            if code == -32022 {
                let supported = Set(error["data"]?["supported"]?.list?.compactMap(\.text) ?? [])
                guard supported == Self.legacyVersions.union([Self.modernVersion]),
                    error["data"]?["requested"]?.text != nil
                else { return "a version that is not supported is told without those that are" }
            }
            // LibreChat takes these for a call to log in.
            for word in ["401", "OAuth", "authentication"] where message.contains(word) && !request.contains(word) {
                return "an error's message has the word \(word)"
            }
            return nil
        }
        guard let result = json["result"], result.isObject else { return "there is no result" }
        if let status, status != 200 { return "a result has status \(status)" }
        let methods = expected.outcomes.compactMap { if case .result(let method) = $0 { method } else { nil } }
        return methods.first.map { violation(in: result, of: $0, expected) } ?? "there is a result, where none is due"
    }

    private func violation(in result: ReferenceJSON, of method: String, _ expected: Expectation) -> String? {
        let isModern = expected.era == .modern
        guard (result["resultType"]?.text == "complete") == isModern,
            (result["_meta"]?["io.modelcontextprotocol/serverInfo"]?["name"]?.text != nil) == isModern
        else { return "a result is not of its era" }
        if isModern, method != "tools/call" {
            guard let lifetime = result["ttlMs"]?.integer, lifetime >= 0,
                ["public", "private"].contains(result["cacheScope"]?.text)
            else { return "a result does not say how long it may be kept" }
        }
        switch method {
        case "initialize":
            guard result["protocolVersion"]?.text == expected.version, result["capabilities"]?.names == ["tools"],
                result["serverInfo"]?["name"]?.text != nil, result["serverInfo"]?["version"]?.text != nil
            else { return "the handshake is not complete" }
        case "ping":
            guard result.names.isEmpty else { return "a ping is answered with something" }
        case "server/discover":
            let versions = Set(result["supportedVersions"]?.list?.compactMap(\.text) ?? [])
            guard versions == Self.legacyVersions.union([Self.modernVersion]),
                result["capabilities"]?.names == ["tools"]
            else { return "the discovery is not complete" }
        case "tools/list":
            guard let tools = result["tools"]?.list, Set(tools.compactMap { $0["name"]?.text }) == self.tools,
                tools.allSatisfy({ tool in
                    tool["description"]?.text != nil && tool["inputSchema"]?["type"]?.text == "object"
                        && tool["outputSchema"] == nil
                })
            else { return "the list of tools is not complete" }
        default: return contentViolation(in: result)
        }
        return nil
    }

    private func contentViolation(in result: ReferenceJSON) -> String? {
        guard let content = result["content"]?.list, content.first?["type"]?.text == "text",
            result["isError"]?.flag != nil,
            result["structuredContent"] == nil
        else { return "a tool's result is not complete" }
        for block in content {
            switch block["type"]?.text {
            case "text" where block["text"]?.text != nil: continue
            case "image"
            where ["image/png", "image/jpeg"].contains(block["mimeType"]?.text)
                && block["data"]?.text.flatMap({ Data(base64Encoded: $0) }) != nil:
                continue
            default: return "a block of the content is none"
            }
        }
        return nil
    }
}

/// A message, and which of several members of the same name counts in it.
private struct Message {
    let json: ReferenceJSON
    let fromEnd: Bool

    subscript(name: String) -> ReferenceJSON? { json.member(name, fromEnd: fromEnd) }

    var params: Message? { self["params"].map { Message(json: $0, fromEnd: fromEnd) } }

    func meta(_ name: String) -> ReferenceJSON? {
        params?["_meta"]?.member("io.modelcontextprotocol/\(name)", fromEnd: fromEnd)
    }

    var version: String? { meta("protocolVersion")?.text }
}

/// The id of a message: a whole number or a text.
private enum ID {
    case absent, invalid
    case valid(ReferenceJSON)
    /// A whole number that is not written as one, or that few programs can hold.
    case disputed(ReferenceJSON)

    init(_ json: ReferenceJSON?) {
        switch json {
        case nil: self = .absent
        case .text(let text): self = .valid(.text(text))
        case .number(let digits):
            if Int(digits) != nil {
                self = .valid(.number(digits))
            } else if let number = Double(digits), number == number.rounded() {
                self = .disputed(.number(digits))
            } else {
                self = .invalid
            }
        default: self = .invalid
        }
    }

    var echo: ReferenceJSON? {
        switch self {
        case .valid(let id), .disputed(let id): id
        case .absent, .invalid: nil
        }
    }
}

extension ReferenceJSON {
    /// Whether it is the same id: of the same type, and the same number or text.
    fileprivate func isSame(as other: ReferenceJSON) -> Bool {
        switch (self, other) {
        case (.text(let one), .text(let two)): one.isSame(as: two)
        case (.number(let one), .number(let two)): one == two || Int(one) != nil && Int(one) == Int(two)
        default: false
        }
    }
}

extension String {
    /// A header's value (RFC 9110, section 5.5).
    fileprivate var withoutBlanks: String { trimmingCharacters(in: CharacterSet(charactersIn: " \t")) }

    /// Whether it is the name, be it in base64, as 2026-07-28 has it for names that a header cannot hold. nil: it is in base64
    /// that a strict reader need not take.
    fileprivate func names(_ tool: String) -> Bool? {
        if isSame(as: tool) { return true }
        guard hasPrefix("=?base64?"), hasSuffix("?="), utf8.count >= 11 else { return false }
        return dropFirst(9).dropLast(2) == Data(tool.utf8).base64EncodedString() ? true : nil
    }
}

extension [UInt8] {
    fileprivate func contains(_ word: String) -> Bool { Data(self).range(of: Data(word.utf8)) != nil }
}
