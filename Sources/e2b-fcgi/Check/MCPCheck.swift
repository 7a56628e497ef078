import E2B
import Fetch
import FoundationEssentials
import ImageGate
import Responder

/// `POST /mcp`: a client's handshake, the list of tools, and a plot, on the way that LibreChat's requests take; then the link to
/// the plot, as a browser opens it.
struct MCPCheck: ServiceCheck {
    let surface: Surface

    private static let subject = "POST \(EndpointPath.mcp)"
    private static let linkSubject = "GET \(EndpointPath.sharedFiles)"

    func findings() async -> [Finding] {
        let begin = ContinuousClock.now
        do {
            let answers = try await askAll()
            let time = begin.elapsed
            let tools = answers.toolCount == 1 ? "1 tool" : "\(answers.toolCount) tools"
            guard let plot = answers.plot else {
                return [.ok(Self.subject, "\(tools), none of which runs code, in \(time)")]
            }
            let image = try await surface.description(of: plot.bytes, plot.type)
            return [.ok(Self.subject, "\(tools) and a plot, \(image), in \(time)"), await follow(plot.link)]
        } catch {
            return [.failed(Self.subject, "\(error)")]
        }
    }

    /// Opens the link to the plot.
    private func follow(_ link: String?) async -> Finding {
        guard let link else {
            return .skipped(Self.linkSubject, "no files are kept there (E2B_FCGI_STORE), so there are no links")
        }
        return await Finding.about(Self.linkSubject) {
            let begin = ContinuousClock.now
            let response = try await surface.fetch(link: link)
            let time = begin.elapsed
            guard response.head.status == 200, let type = ImageType.sniff(response.body) else {
                let place = BaseURL(link)?.origin ?? "The link"
                throw Failure(
                    "\(place) answered a link with \(response.head.status) and no picture: the web server does not lead "
                        + "\(EndpointPath.sharedFiles)/ to this service, or PUBLIC_BASE_URL is not its address.")
            }
            let image = try await surface.description(of: response.body, type)
            return .ok(Self.linkSubject, "a link to a picture, \(image), in \(time)")
        }
    }

    /// What came back.
    private struct Answers {
        let toolCount: Int
        /// nil if `run_code` is not offered, so that there is none.
        let plot: Plot?
    }

    private struct Plot {
        let bytes: [UInt8]
        let type: ImageType
        /// nil if the service keeps no files.
        let link: String?
    }

    private func askAll() async throws -> Answers {
        let greeting = try await ask(
            #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"e2b-fcgi check","version":"\#(Version.number)"}}}"#,
            "initialize")
        guard greeting.result?.protocolVersion != nil else {
            throw failure("initialize", "has no protocolVersion, so something else than this service answers there.")
        }
        try await checkHeaders()
        let list = try await ask(
            #"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#, "tools/list")
        guard let tools = list.result?.tools, !tools.isEmpty else { throw failure("tools/list", "has no tools.") }
        guard tools.contains(where: { $0.name == "run_code" }) else {
            return Answers(toolCount: tools.count, plot: nil)
        }
        let call = try await ask(
            #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"run_code","arguments":\#(Surface.sineWave)}}"#,
            "run_code")
        return Answers(toolCount: tools.count, plot: try plot(in: call))
    }

    private func plot(in answer: RPCAnswer) throws -> Plot {
        guard let content = answer.result?.content else { throw failure("run_code", "has no content.") }
        let text = content.compactMap(\.text).joined(separator: "\n")
        guard answer.result?.isError != true else { throw failure("run_code", "is an error:\n\(text)") }
        guard let block = content.first(where: { $0.type == "image" }) else {
            throw failure("run_code", "has no image:\n\(text)")
        }
        let type = [ImageType.png, .jpeg].first { $0.mimeType == block.mimeType }
        guard let type, let bytes = block.data.flatMap({ Data(base64Encoded: $0) }) else {
            throw failure("run_code", "has an image that is no PNG or JPEG in base64.")
        }
        let link = text.firstMatch(of: /https?:\/\/\S+\/f\/\S+/).map { String($0.0) }
        return Plot(bytes: [UInt8](bytes), type: type, link: link)
    }

    /// Asks in the way of newer clients, whose headers have to come through the web server.
    private func checkHeaders() async throws {
        let version = "2026-07-28"
        let answer = try await ask(
            #"{"jsonrpc":"2.0","id":4,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"\#(version)","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
            "server/discover",
            headers: [("MCP-Protocol-Version", version), ("Mcp-Method", "server/discover")])
        guard answer.error?.code != Self.headerMismatch else {
            throw failure(
                "server/discover",
                "says that headers are missing: the web server does not pass MCP-Protocol-Version, Mcp-Method and Mcp-Name "
                    + "on, as nginx/e2b-fcgi.conf does. Clients without a handshake need them.")
        }
        guard answer.result != nil else {
            throw failure("server/discover", "is an error:\n\(answer.error?.message ?? "")")
        }
    }

    private static let headerMismatch = -32020

    private func ask(
        _ body: String, _ what: String, headers: [(name: String, value: String)] = []
    ) async throws -> RPCAnswer {
        // Images come as images and as links, whatever the setting for the key is.
        let response = try await surface.post(
            "\(EndpointPath.mcp)?images=both", body,
            headers: [("Accept", "application/json, text/event-stream")] + headers)
        let status = response.head.status
        let answer = try? JSONDecoder().decode(RPCAnswer.self, from: Data(response.body))
        let beginning = String(decoding: response.body.prefix(300), as: UTF8.self)
        switch status {
        case 401, 403: throw failure(what, "is \(status): the key of E2B_FCGI_KEYS is not taken there.\n\(beginning)")
        case 404 where answer == nil:
            throw failure(what, "is 404: the web server does not lead \(EndpointPath.mcp) to this service.")
        case 405: throw failure(what, "is 405: something else than this service answers there.")
        case 502, 504: throw failure(what, "is \(status): the web server does not reach the responder.\n\(beginning)")
        default: break
        }
        guard let answer, answer.jsonrpc == "2.0" else {
            throw failure(what, "is \(status) and no JSON-RPC:\n\(beginning)")
        }
        // The answer to an error in the headers is judged by the caller.
        guard answer.error == nil || answer.error?.code == Self.headerMismatch else {
            throw failure(what, "is an error:\n\(answer.error?.message ?? "")")
        }
        return answer
    }

    private func failure(_ what: String, _ finding: String) -> Failure {
        Failure("MCP does not work: the answer of \(surface.shownURL)\(EndpointPath.mcp) to \(what) \(finding)")
    }

    /// An answer of JSON-RPC, as far as it counts here.
    private struct RPCAnswer: Decodable {
        struct Problem: Decodable {
            let code: Int
            let message: String
        }
        struct Tool: Decodable { let name: String }
        struct Block: Decodable {
            let type: String
            let text: String?
            let data: String?
            let mimeType: String?
        }
        struct Result: Decodable {
            let protocolVersion: String?
            let tools: [Tool]?
            let content: [Block]?
            let isError: Bool?
        }
        let jsonrpc: String
        let result: Result?
        let error: Problem?
    }
}
