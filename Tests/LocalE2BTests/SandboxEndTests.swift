import Foundation
import Testing

@testable import LocalE2B

/// What a session that keeps its sandbox meets: its labels, and its end.
@Suite(.timeLimit(.minutes(10)))
struct SandboxEndTests {
    @Test func `after its time every call to a sandbox says that it was not found`() async throws {
        try await StubServer.with { stub in
            let created = await stub.control("POST", "/sandboxes", #"{"templateID":"base","timeout":1}"#)
            let id = try #require(created.json["sandboxID"] as? String)
            let running = Task { await stub.execute("wait", in: id) }
            while await stub.control("GET", "/sandboxes/\(id)").status != 404 {
                try await Task.sleep(for: .milliseconds(20))
            }
            // On a busy machine it came too late to begin; what had begun is cut.
            let ended = await running.value
            #expect(ended.isWhole == (ended.status == 502))
            let octets = stub.envd(id, type: "application/octet-stream")
            for answer in [
                await stub.execute("hello", in: id),
                await stub.http.send("GET", "/contexts", stub.interpreter(id)),
                await stub.http.send("GET", "/health", stub.envd(id)),
                await stub.http.send("GET", "/files?path=x", stub.envd(id)),
                await stub.http.send("POST", "/files?path=x", octets, body: "x"),
                await stub.rpc("process.Process/List", "{}", in: id),
                try await stub.bash("true", in: id),
                await stub.rpc("filesystem.Filesystem/Stat", #"{"path":"x"}"#, in: id),
                await stub.edge.send("GET", "/", ["Host": stub.host(8080, id)]),
                await stub.edge.send("GET", "/health", ["Host": stub.host(49983, id)]),
            ] {
                #expect(answer.status == 502)
                #expect(
                    answer.body == #"{"code":502,"message":"The sandbox was not found","sandboxId":"\#(id)"}"#)
            }
            for (method, path, body) in [
                ("POST", "timeout", #"{"timeout":5}"#), ("POST", "connect", #"{"timeout":5}"#), ("DELETE", "", ""),
            ] {
                let answer = await stub.control(
                    method, path.isEmpty ? "/sandboxes/\(id)" : "/sandboxes/\(id)/\(path)", body)
                #expect(answer.status == 404)
                #expect(
                    answer.json["message"] as? String
                        == "Sandbox \"\(id)\" doesn't exist or you don't have access to it")
            }
        }
    }

    @Test func `sandboxes are found by metadata of any characters`() async throws {
        try await StubServer.with { stub in
            let values = [
                "\"quotes\" 'too'", "a&b=c", "100%", "%41%zz", "a+b c", "😀 é 中", "#?/\\;,", "\n\t\u{7F}",
                String(repeating: "é", count: 128), String(repeating: "=&%", count: 200),
            ]
            for value in values {
                let metadata = ["session": value, "key of \(value)": "x"]
                let body: JSON = .object([
                    "templateID": .string("base"), "metadata": .object(metadata.mapValues { .string($0) }),
                ])
                let id = try await stub.create(String(decoding: try JSONEncoder().encode(body), as: UTF8.self))
                for (name, value) in metadata {
                    let found = await stub.control("GET", "/v2/sandboxes?metadata=" + Self.filter(name, value))
                    let list = try JSONSerialization.jsonObject(with: Data(found.body.utf8)) as? [[String: Any]]
                    #expect(list?.map { $0["sandboxID"] as? String } == [id], "\(value)")
                    #expect(list?.first?["metadata"] as? [String: String] == metadata)
                }
            }
        }
    }

    /// As SDKs send it: each part twice, then the whole.
    private static func filter(_ name: String, _ value: String) -> String {
        func encode(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .urlUnreserved) ?? ""
        }
        return encode("\(encode(encode(name)))=\(encode(encode(value)))")
    }
}

extension CharacterSet {
    fileprivate static let urlUnreserved = CharacterSet(
        charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
}
