internal import FlyingFox
internal import Foundation

/// A request of the Connect protocol: its body, and what its header fields say.
struct ConnectCall {
    static let bodyLimit = 16 << 20

    let isStream: Bool
    /// The field `Connect-Timeout-Ms`.
    let timeout: Int?
    /// The Unix account, which is the user name of HTTP basic authentication.
    let user: String?
    let keepaliveInterval: Duration
    private let body: [UInt8]

    init(_ request: HTTPRequest) async throws {
        let type = (request.headers[.contentType] ?? "").prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
        switch type {
        case "application/json": isStream = false
        case "application/connect+json": isStream = true
        default: throw HTTPError(response: HTTPResponse(statusCode: .of(415), headers: Self.accepted))
        }
        timeout = try Self.timeout(request.headers[HTTPHeader("Connect-Timeout-Ms")])
        user = Self.user(request.headers[.authorization])
        let seconds = request.headers[HTTPHeader("Keepalive-Ping-Interval")].flatMap { Int($0) } ?? 90
        keepaliveInterval = .seconds(min(max(seconds, 1), 3600))
        body = try await request.body(limit: Self.bodyLimit)
    }

    private static let accepted: HTTPHeaders = [
        HTTPHeader("Accept-Post"): "application/json, application/connect+json"
    ]

    private static func timeout(_ text: String?) throws -> Int? {
        guard let text else { return nil }
        guard text.utf8.count <= 10, let timeout = Int(text), timeout >= 0 else {
            throw HTTPError.rpc(
                ConnectError(code: .invalidArgument, message: "protocol error: invalid Connect-Timeout-Ms"))
        }
        return timeout
    }

    static func user(_ authorization: String?) -> String? {
        guard let authorization, authorization.lowercased().hasPrefix("basic "),
            let data = Data(base64Encoded: authorization.dropFirst(6).trimmingCharacters(in: .whitespaces))
        else { return nil }
        let name = String(decoding: data, as: UTF8.self).prefix { $0 != ":" }
        return name.isEmpty ? nil : String(name)
    }

    /// The messages of the request: one of a unary call, or any number of a stream.
    func messages<Message: Decodable>(_ type: Message.Type) throws(ConnectError) -> [Message] {
        var payloads = [body.isEmpty ? Array("{}".utf8) : body]
        if isStream {
            do throws(ConnectEnvelope.ParseError) {
                payloads = try ConnectEnvelope.all(in: body, limit: Self.bodyLimit).filter { !$0.isEnd }.map(\.payload)
            } catch {
                throw ConnectError(code: .invalidArgument, message: "protocol error: bad envelope")
            }
        }
        do {
            return try payloads.map { try JSONDecoder().decode(type, from: Data($0)) }
        } catch {
            throw ConnectError(code: .invalidArgument, message: "unmarshal message: not the expected JSON")
        }
    }

    func message<Message: Decodable>(_ type: Message.Type) throws(ConnectError) -> Message {
        let messages = try messages(type)
        guard let message = messages.first, messages.count == 1 else {
            throw ConnectError(code: .unimplemented, message: "unary request has \(messages.count) messages")
        }
        return message
    }
}
