package import Interpreter
import ImageGate
import JSON

/// The Model Context Protocol. It reads the messages that clients post, and writes the answers.
///
/// It keeps no state between requests, so every responder can answer any of them.
package struct MCPServer: Sendable {
    private let tools: ToolTable
    /// The tools as they are described to callers that name no conversation.
    private let toolsWithoutConversation: ToolTable
    private let secrets: SecretRedactor
    /// The largest number of bytes of all images in one answer together.
    private let imageBudget: Int
    private let serverInfo: JSONNode

    /// - Parameter version: what clients are told of this program.
    package init(tools: ToolTable = ToolTable(), secrets: SecretRedactor, imageBudget: Int, version: String) {
        self.tools = tools
        toolsWithoutConversation = tools.withoutConversations
        self.secrets = secrets
        self.imageBudget = imageBudget
        serverInfo = ["name": "e2b-fcgi", "version": .text(version)]
    }

    /// The result of reading a body.
    package enum Reading: Sendable {
        /// The body is answered.
        case answered(MCPAnswer)
        /// The caller has to cancel some calls, and then to call tools, one after the other.
        case calls(MCPCalls)
    }

    /// - Parameter hasConversations: whether the caller may name a conversation, whose sandbox stays.
    package func read(_ body: [UInt8], _ headers: MCPHeaders, hasConversations: Bool = true) -> Reading {
        let tools = hasConversations ? tools : toolsWithoutConversation
        let calls: MCPCalls
        do throws(MalformedJSON) {
            calls = try body.withUnsafeBufferPointer { bytes throws(MalformedJSON) in
                try MCPCalls(UnsafeRawBufferPointer(bytes), headers, tools)
            }
        } catch {
            let era = headers.areModern ? Era.modern : .legacy
            let format = body.withUnsafeBytes { $0.foreignFormat }
            let parse = RPCError(.parse, format ?? "The body is not JSON.")
            return .answered(
                MCPAnswer(
                    status: parse.status(era), body: encoded(failure(parse, id: nil)), problem: parse.message))
        }
        return calls.all.isEmpty && calls.cancelled.isEmpty ? .answered(answer(to: calls, [])) : .calls(calls)
    }

    /// - Parameter outcomes: the results of the calls, in the order of the calls.
    package func answer(to calls: MCPCalls, _ outcomes: [ToolResult]) -> MCPAnswer {
        let capacity = outcomes.reduce(1 << 10) { $0 + $1.capacity }
        var outcomes = outcomes[...]
        var status = 200
        var problem: String?
        var answers: [(inout JSONWriter) -> Void] = []
        for message in calls.messages {
            switch message {
            case .unanswered, .cancelling: continue
            case .refused(let error, let id, let era):
                status = error.status(era)
                problem = problem ?? error.message
                answers.append(failure(error, id: id))
            case .request(let id, .callTool, let era):
                guard let outcome = outcomes.popFirst() else { continue }
                answers.append(result(of: outcome, id: id, era))
            case .request(let id, let method, let era):
                answers.append(success(id: id, result(of: method, era, calls.tools)))
            }
        }
        guard let first = answers.first else { return MCPAnswer(status: 202, body: []) }
        guard calls.isBatch else {
            return MCPAnswer(status: status, body: encoded(first, capacity), problem: problem)
        }
        let body = JSONWriter.value(capacity: capacity) { json in
            json.array { json in for answer in answers { answer(&json) } }
        }
        return MCPAnswer(status: 200, body: body, problem: problem)
    }

    /// Returns the body of an answer that refuses the request by its HTTP status.
    package func refusal(_ sentence: String) -> [UInt8] {
        encoded(failure(RPCError(.invalidRequest, sentence), id: nil))
    }

    // MARK: - Results

    private func result(of method: MCPMethod, _ era: Era, _ tools: ToolTable) -> JSONNode {
        switch method {
        case .initialize(let version):
            return [
                "protocolVersion": .text(version), "capabilities": ["tools": .object([])],
                "serverInfo": serverInfo, "instructions": .text(tools.instructions),
            ]
        case .ping: return .object([])
        case .discover:
            return .object(
                modernMembers + [
                    .init("supportedVersions", .list(MCPVersion.supported.map { .text($0) })),
                    .init("capabilities", ["tools": .object([])]), .init("instructions", .text(tools.instructions)),
                ] + Self.caching)
        case .listTools:
            return .object(era == .modern ? modernMembers + [tools.list] + Self.caching : [tools.list])
        case .callTool: return .null
        }
    }

    private var modernMembers: [JSONNode.Member] {
        [.init("resultType", "complete"), .init("_meta", ["io.modelcontextprotocol/serverInfo": serverInfo])]
    }
    /// The milliseconds for which a client may keep a list, for its own user: another key may get another list.
    private static let caching: [JSONNode.Member] = [.init("ttlMs", 300_000), .init("cacheScope", "private")]

    private func result(of outcome: ToolResult, id: RequestID, _ era: Era) -> (inout JSONWriter) -> Void {
        let (images, notes) = shown(outcome.images)
        var parts = [outcome.text] + notes
        if !images.isEmpty {
            parts.append("The \(images.count == 1 ? "image is" : "images are") already shown to the user.")
        }
        let text = parts.paragraphs
        // Some models' providers refuse a conversation with a blank text in it.
        let redacted = text.isEmpty ? "There is nothing to show." : secrets.redacted(text)
        return { json in
            json.object { json in
                json.member("jsonrpc", "2.0")
                json.member("id", id.node)
                json.member("result") { json in
                    if era == .modern { for member in modernMembers { json.member(member.name, member.value) } }
                    json.array("content") { json in
                        json.object { json in
                            json.member("type", "text")
                            json.member("text", redacted)
                        }
                        for image in images {
                            json.object { json in
                                json.member("type", "image")
                                json.member("mimeType", image.type.mimeType)
                                json.member("data", "", base64: image.bytes)
                            }
                        }
                    }
                    json.member("isError", outcome.isError)
                }
            }
        }
    }

    /// Returns the pictures that fit into the budget, in their order. Tools keep to the budget themselves, and this
    /// ensures it. A drawing is not shown, because no client can show it.
    private func shown(_ images: [AdmittedImage]) -> (images: [AdmittedImage], notes: [String]) {
        var room = imageBudget
        var shown: [AdmittedImage] = []
        var leftOut = 0
        for image in images {
            if image.type != .svg, image.bytes.count <= room {
                room -= image.bytes.count
                shown.append(image)
            } else {
                leftOut += 1
            }
        }
        guard leftOut > 0 else { return (shown, []) }
        return (
            shown,
            [
                "\(leftOut) of \(images.count) pictures are not shown: together they have more than \(imageBudget) bytes. "
                    + "Draw fewer or smaller ones in one call, or save them and use share_file."
            ]
        )
    }

    // MARK: - Envelopes

    private func success(id: RequestID, _ result: JSONNode) -> (inout JSONWriter) -> Void {
        { json in json.node(["jsonrpc": "2.0", "id": id.node, "result": result]) }
    }

    private func failure(_ error: RPCError, id: RequestID?) -> (inout JSONWriter) -> Void {
        var members: [JSONNode.Member] = [
            .init("code", .number(error.code.rawValue)),
            .init("message", .text(secrets.redacted(error.message).withoutLoginWords)),
        ]
        if let data = error.data { members.append(.init("data", data)) }
        let node: JSONNode = ["jsonrpc": "2.0", "id": id?.node ?? .null, "error": .object(members)]
        return { json in json.node(node) }
    }

    private func encoded(_ answer: (inout JSONWriter) -> Void, _ capacity: Int = 1 << 10) -> [UInt8] {
        JSONWriter.value(capacity: capacity) { answer(&$0) }
    }
}

/// The HTTP answer to a body: JSON, or nothing with 202.
package struct MCPAnswer: Equatable, Sendable {
    package let status: Int
    package let body: [UInt8]
    /// Why a message was refused, for the log; nil if none was.
    package var problem: String?
}

extension ToolResult {
    /// The approximate number of bytes of the result in an answer.
    fileprivate var capacity: Int { text.utf8.count + images.reduce(256) { $0 + $1.bytes.count / 3 * 4 + 128 } }
}

/// The messages of one body, and the tool calls among them. A body is one message, or an array of messages in revision
/// 2025-03-26.
package struct MCPCalls: Sendable {
    let messages: [MCPMessage]
    let isBatch: Bool
    /// The tools that the caller is told of.
    let tools: ToolTable
    package let all: [ToolCall]
    /// The requests for whose answers the client no longer waits.
    package let cancelled: [RequestID]

    init(_ body: UnsafeRawBufferPointer, _ headers: MCPHeaders, _ tools: ToolTable) throws(MalformedJSON) {
        let json = try JSONScanner.value(of: body)
        guard body.isUTF8 else { throw MalformedJSON(offset: 0, expected: "UTF-8") }
        guard json.kind == .array else {
            self.init([MCPMessage(json, headers, tools)], isBatch: false, tools)
            return
        }
        guard !headers.areModern else {
            let error = RPCError(.invalidRequest, "Send one message at a time: this version has no batches.")
            self.init([.refused(error, id: nil, .modern)], isBatch: false, tools)
            return
        }
        var messages: [MCPMessage] = []
        try json.elements { messages.append(MCPMessage($0, headers, tools)) }
        guard (1...Self.limit).contains(messages.count) else {
            // A batch that is refused as a whole gets one answer (JSON-RPC 2.0, section 6).
            self.init([Self.refused("A batch has 1 to \(Self.limit) messages.")], isBatch: false, tools)
            return
        }
        self.init(messages, isBatch: true, tools)
    }

    private init(_ messages: [MCPMessage], isBatch: Bool, _ tools: ToolTable) {
        self.tools = tools
        self.messages = messages
        self.isBatch = isBatch
        all = messages.compactMap { message in
            if case .request(let id, .callTool(var call), let era) = message {
                // In the modern era a client cancels by hanging up.
                call.id = era == .legacy ? id : nil
                return call
            }
            return nil
        }
        cancelled = messages.compactMap { message in
            if case .cancelling(let id) = message { id } else { nil }
        }
    }

    private static func refused(_ sentence: String) -> MCPMessage {
        .refused(RPCError(.invalidRequest, sentence), id: nil, .legacy)
    }

    private static let limit = 100
}
