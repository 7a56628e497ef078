internal import FlyingFox
internal import Foundation

/// The shapes of responses. Protocol.md, 2, 3, 4.1 and 6.3.
extension HTTPResponse {
    static func json(_ bytes: [UInt8], status: Int = 200, headers: HTTPHeaders = [:]) -> HTTPResponse {
        var headers = headers
        headers[.contentType] = "application/json"
        return HTTPResponse(statusCode: .of(status), headers: headers, body: Data(bytes))
    }

    static func json(_ value: some Encodable, status: Int = 200, headers: HTTPHeaders = [:]) throws -> HTTPResponse {
        .json([UInt8](try JSONEncoder.plain.encode(value)), status: status, headers: headers)
    }

    static func plain(_ text: String, status: Int) -> HTTPResponse {
        HTTPResponse(
            statusCode: .of(status), headers: [.contentType: "text/plain; charset=utf-8"], body: Data(text.utf8))
    }

    static var noContent: HTTPResponse {
        HTTPResponse(statusCode: .noContent)
    }

    /// A response with a body of unknown length, sent piece by piece.
    static func stream(_ source: BodySource, type: String?) -> HTTPResponse {
        HTTPResponse(
            statusCode: .ok, headers: type.map { [.contentType: $0] } ?? [:],
            body: HTTPBodySequence(from: PulledBody(source: source)))
    }
}

extension HTTPStatusCode {
    static func of(_ code: Int) -> HTTPStatusCode {
        HTTPStatusCode(code, phrase: phrases[code] ?? "Status \(code)")
    }

    private static let phrases = [
        200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
        404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 413: "Payload Too Large",
        415: "Unsupported Media Type", 422: "Unprocessable Entity", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 499: "Client Closed Request", 500: "Internal Server Error",
        501: "Not Implemented", 502: "Bad Gateway",
        503: "Service Unavailable", 504: "Gateway Timeout", 507: "Insufficient Storage",
    ]
}

extension JSONEncoder {
    static var plain: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return encoder
    }
}
