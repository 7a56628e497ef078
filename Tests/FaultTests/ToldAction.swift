import Foundation
import TestSupport
import Testing

/// What `POST /e2bcode` told about an action: a JSON object, whatever happened.
struct ToldAction: Sendable, CustomTestStringConvertible {
    let status: Int
    let headers: [String: String]
    let body: Data

    init(_ reply: HTTPReply) throws {
        (status, headers, body) = (reply.status, reply.headers, reply.body)
        _ = try #require(JSONSerialization.jsonObject(with: body) as? [String: Any], "\(reply.text)")
    }

    subscript(name: String) -> Any? { (try? JSONSerialization.jsonObject(with: body) as? [String: Any])?[name] }
    var isSuccess: Bool { self["success"] as? Bool == true }
    /// Of an execution it is an object: then what it says.
    var error: String { self["error"] as? String ?? (self["error"] as? [String: Any])?["value"] as? String ?? "" }
    var output: String { self["output"] as? String ?? "" }
    var stdout: String { (self["logs"] as? [String: String])?["stdout"] ?? "" }
    var text: String { String(decoding: body, as: UTF8.self) }
    var testDescription: String { "\(status) \(text)" }

    /// A failure as every failure has to be: the model reads it, or the caller comes again.
    func expectFailure(
        _ words: String..., status expected: Int = 200, retryAfter: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(status == expected, "\(text)", sourceLocation: sourceLocation)
        #expect(self["success"] as? Bool == false, "\(text)", sourceLocation: sourceLocation)
        #expect(error.hasSuffix("."), "\(text)", sourceLocation: sourceLocation)
        for word in words { #expect(error.contains(word), "\(text)", sourceLocation: sourceLocation) }
        #expect(headers["retry-after"] == retryAfter, sourceLocation: sourceLocation)
    }
}

extension HTTPClient {
    /// One action.
    func ask(_ action: String, _ parameters: [String: any Sendable] = [:]) async throws -> ToldAction {
        try ToldAction(await send("POST", "/e2bcode", body: Self.request(action, parameters)))
    }

    /// One action under way.
    func begin(_ action: String, _ parameters: [String: any Sendable] = [:]) async throws -> ChildProcess {
        try await start("POST", "/e2bcode", body: Self.request(action, parameters))
    }

    private static func request(_ action: String, _ parameters: [String: any Sendable]) throws -> Data {
        try JSONSerialization.data(
            withJSONObject: ["action": action, "sessionId": "s"].merging(parameters) { _, own in own } as [String: Any])
    }
}

extension ChildProcess {
    /// What curl got for the action that it was started with.
    func told() async throws -> ToldAction {
        await ended()
        return try ToldAction(HTTPReply(parsing: output))
    }
}
