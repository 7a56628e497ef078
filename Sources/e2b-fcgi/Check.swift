import ArgumentParser
import E2B
import Fetch
import FoundationEssentials
import ImageGate
import Responder

/// Runs the README's sine wave, a session and MCP through the whole chain, and prints the result.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a plot, a session and MCP through the whole chain, web server included, and say what came back.")

    @Argument(help: "Where the web server answers.")
    var url = "http://127.0.0.1:3001"

    @Option(help: "A file of settings, instead of .env in the working directory: its first key is used.")
    var envFile: String?

    mutating func run() async throws {
        StopSignals.shared.leaveToSystem()
        let configuration = try Configuration(environment: makeEnvironment(envFile: envFile))
        try refusePlainHTTP(configuration)
        let fetcher = try Fetcher(FetchConfiguration(caFile: configuration.e2b.caFile))
        let start = ContinuousClock.now
        let response: FetchResponse
        do {
            response = try await fetcher.response(to: request(EndpointPath.execute, Self.sineWave, configuration))
        } catch {
            throw Failure("\(shownURL) could not be reached: \(error)")
        }
        let seconds = Self.seconds(since: start)
        let answer = try Answer(response)
        guard response.head.status == 200, !answer.images.isEmpty else {
            throw Failure("\(shownURL) answered \(response.head.status) without an image:\n\(answer.text)")
        }
        let gate = try ImageGate(
            policy: configuration.imagePolicy, threads: 1, decoding: .confined(DecoderConfiguration(notice: warn)))
        var descriptions: [String] = []
        for (bytes, type) in answer.images { descriptions.append(try await Self.description(of: bytes, type, gate)) }
        let sessionStart = ContinuousClock.now
        try await checkSession(fetcher, configuration)
        let sessionSeconds = Self.seconds(since: sessionStart)
        let mcpStart = ContinuousClock.now
        let findings = try await checkMCP(fetcher, configuration)
        let mcpSeconds = Self.seconds(since: mcpStart)
        var mcp = findings.toolCount == 1 ? "1 tool" : "\(findings.toolCount) tools"
        if let (bytes, type) = findings.image {
            mcp += " and a plot, \(try await Self.description(of: bytes, type, gate))"
        } else {
            mcp += ", none of which runs code"
        }
        await fetcher.stop()
        let count = answer.images.count == 1 ? "1 image" : "\(answer.images.count) images"
        print(
            "\(count), \(descriptions.joined(separator: "; ")), in \(seconds) s; a session, in \(sessionSeconds) s; "
                + "MCP, \(mcp), in \(mcpSeconds) s")
    }

    /// Decodes an image, and describes it.
    private static func description(
        of bytes: [UInt8], _ type: ImageType, _ gate: ImageGate
    ) async throws -> String {
        let image = try await gate.admit(bytes, claimed: type)
        return "\(image.width)×\(image.height) \(type.rawValue.uppercased()), \((bytes.count + 512) / 1024) kB"
    }

    /// The URL without user and password, for messages.
    var shownURL: String { BaseURL.withoutUser(url) }

    /// Refuses plain HTTP to other machines, because the request carries the first key.
    private func refusePlainHTTP(_ configuration: Configuration) throws {
        guard !configuration.keys.isEmpty, !configuration.isHTTPAllowed, let base = BaseURL(url) else { return }
        guard base.isSecure || base.isLoopback else {
            throw Failure(
                "By plain http a key would cross the network to \(base.host) for all to read. Use https, or allow it with "
                    + "E2B_FCGI_ALLOW_HTTP=on.")
        }
    }

    func request(_ path: String, _ body: String, _ configuration: Configuration) -> FetchRequest {
        var headers = [(name: "Content-Type", value: "application/json")]
        if let secret = configuration.keys.first?.secret { headers.append(("Authorization", "Bearer \(secret)")) }
        return FetchRequest(
            method: "POST", url: url + path, headers: headers, body: Array(body.utf8),
            timeout: .seconds(60), responseLimit: 16 << 20)
    }

    /// The seconds since `start`, rounded to hundredths.
    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        ((ContinuousClock.now - start) / .milliseconds(10)).rounded() / 100
    }

    static let sineWave = #"""
        {"code": "import matplotlib.pyplot as plt\nimport numpy as np\nx = np.linspace(0, 10, 100)\ny = np.sin(x)\nplt.plot(x, y)\nplt.title(\"Sine Wave\")\nplt.show()"}
        """#

    /// The texts and the images of a response, which is LibreChat's two-element array.
    private struct Answer {
        private(set) var text = ""
        private(set) var images: [(bytes: [UInt8], type: ImageType)] = []

        private struct Text: Decodable { let text: String }
        private struct Content: Decodable {
            struct Part: Decodable {
                struct Address: Decodable { let url: String }
                let image_url: Address
            }
            let content: [Part]
        }
        private struct Pair: Decodable {
            let texts: [Text]
            let content: Content
            init(from decoder: any Decoder) throws {
                var array = try decoder.unkeyedContainer()
                texts = try array.decode([Text].self)
                content = try array.decode(Content.self)
            }
        }

        init(_ response: FetchResponse) throws {
            guard let pair = try? JSONDecoder().decode(Pair.self, from: Data(response.body)) else {
                let beginning = String(decoding: response.body.prefix(300), as: UTF8.self)
                throw Failure("The answer is not the two-element array (status \(response.head.status)):\n\(beginning)")
            }
            text = pair.texts.map(\.text).joined(separator: "\n")
            for part in pair.content.content {
                let halves = part.image_url.url.split(separator: ";base64,", maxSplits: 1)
                let type = [ImageType.png, .jpeg, .svg].first { halves.first.map(String.init) == "data:\($0.mimeType)" }
                guard halves.count == 2, let type, let bytes = Data(base64Encoded: String(halves[1])) else {
                    throw Failure("An image in the answer is not a data URI.")
                }
                images.append(([UInt8](bytes), type))
            }
        }
    }
}
