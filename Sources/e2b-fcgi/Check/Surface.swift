import E2B
import Fetch
import FoundationEssentials
import ImageGate
import Responder

/// The service behind its web server, as a caller sees it.
struct Surface: Sendable {
    private let url: String
    private let key: String?
    private let connecting: FetchConfiguration
    let configuration: Configuration

    /// - Returns: the checks of all that is served below a URL.
    /// - Throws: ``Failure`` if it cannot be asked safely.
    static func checks(at url: String, _ configuration: Configuration) throws -> [any ServiceCheck] {
        let surface = Surface(
            url: url, key: configuration.keys.first?.secret,
            connecting: FetchConfiguration(caFile: configuration.e2b.caFile, userAgent: Version.userAgent),
            configuration: configuration)
        try surface.refusePlainHTTP()
        return [
            HealthCheck(surface: surface), ExecuteCheck(surface: surface), SessionCheck(surface: surface),
            MCPCheck(surface: surface), FilesCheck(surface: surface),
        ]
    }

    /// The URL without user and password, for messages.
    var shownURL: String { BaseURL.withoutUser(url) }

    /// Refuses plain HTTP to other machines, because the request carries the first key.
    private func refusePlainHTTP() throws {
        guard key != nil, !configuration.isHTTPAllowed, let base = BaseURL(url) else { return }
        guard base.isSecure || base.isLoopback else {
            throw Failure(
                "By plain http a key would cross the network to \(base.host) for all to read. Use https, or allow it with "
                    + "E2B_FCGI_ALLOW_HTTP=on.")
        }
    }

    /// Asks below the service's URL, with the first key.
    func ask(
        _ method: String, _ path: String, type: String? = nil, _ body: [UInt8]? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> FetchResponse {
        var all = headers
        if let type { all.append(("Content-Type", type)) }
        if let key { all.append(("Authorization", "Bearer \(key)")) }
        return try await fetch(
            FetchRequest(
                method: method, url: url + path, headers: all, body: body, timeout: .seconds(60),
                responseLimit: 16 << 20), named: shownURL + path)
    }

    /// Posts JSON.
    func post(
        _ path: String, _ json: String, headers: [(name: String, value: String)] = []
    ) async throws -> FetchResponse {
        try await ask("POST", path, type: "application/json", Array(json.utf8), headers: headers)
    }

    /// Fetches a link, without a key.
    func fetch(link: String) async throws -> FetchResponse {
        try await fetch(
            FetchRequest(method: "GET", url: link, timeout: .seconds(60), responseLimit: 32 << 20),
            named: BaseURL(link)?.origin ?? "the link")
    }

    private func fetch(_ request: FetchRequest, named name: String) async throws -> FetchResponse {
        let fetcher = try Fetcher(connecting)
        let result: Result<FetchResponse, FetchError>
        do throws(FetchError) {
            result = .success(try await fetcher.response(to: request))
        } catch {
            result = .failure(error)
        }
        await fetcher.stop()
        do throws(FetchError) {
            return try result.get()
        } catch {
            throw Failure("\(name) could not be reached: \(error)")
        }
    }

    /// Decodes an image as the service decodes those of sandboxes, and describes it.
    func description(of bytes: [UInt8], _ type: ImageType) async throws -> String {
        let confinement = configuration.makeDecoderConfiguration { _ in }
        let gate = try ImageGate(policy: configuration.imagePolicy, threads: 1, decoding: .confined(confinement))
        let image = try await gate.admit(bytes, claimed: type)
        return "\(image.width)×\(image.height) \(type.rawValue.uppercased()), \((bytes.count + 512) / 1024) kB"
    }

    /// What is wrong with an answer from a web server that does not lead to this service, or from the service.
    func problem(of response: FetchResponse, at path: String) -> Failure {
        let status = response.head.status
        let words = String(decoding: response.body.prefix(300), as: UTF8.self)
        let advice =
            switch status {
            case 401, 403: "the key of E2B_FCGI_KEYS is not taken there"
            case 404: "the web server does not lead \(path) to this service"
            case 405: "something else than this service answers there"
            case 413: "the web server takes smaller bodies only (client_max_body_size)"
            case 502, 504: "the web server does not reach the responder, or that does not reach E2B"
            default: "that is not what the service answers"
            }
        return Failure("\(shownURL)\(path) answered \(status): \(advice). \(words)")
    }

    /// A program whose picture shows that all of the way works.
    static let sineWave = #"""
        {"code": "import matplotlib.pyplot as plt\nimport numpy as np\nx = np.linspace(0, 10, 100)\ny = np.sin(x)\nplt.plot(x, y)\nplt.title(\"Sine Wave\")\nplt.show()"}
        """#
}
