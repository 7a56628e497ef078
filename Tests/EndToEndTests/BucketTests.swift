import Foundation
import TestSupport
import Testing

private let key = "a-key-that-is-only-for-tests"
private let otherKey = "another-key-only-for-tests"

/// Files in a bucket of S3, through nginx: what two responders that share nothing else need of it.
@Suite(.timeLimit(.minutes(5)))
struct BucketTests {
    private func with(_ body: (Stack, LoopbackS3) async throws -> Void) async throws {
        let s3 = LoopbackS3()
        let environment = [
            "E2B_FCGI_STORE": "s3://\(LoopbackS3.bucket)/files", "E2B_FCGI_S3_ENDPOINT": s3.url,
            "E2B_FCGI_S3_REGION": LoopbackS3.region, "E2B_FCGI_S3_PATH_STYLE": "on", "AWS_ACCESS_KEY_ID": "AKEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret", "E2B_FCGI_KEYS": "chat:\(key),other:\(otherKey)",
        ]
        try await Stack.with(environment: environment) { stack in try await body(stack, s3) }
        #expect(s3.refusals.isEmpty)
    }

    private func post(_ body: JSONTree, _ path: String, to client: HTTPClient) async throws -> JSONTree {
        var client = client
        client.headers["X-API-Key"] = key
        let reply = try await client.send("POST", path, body: try body.encoded())
        #expect(reply.status == 200, "\(reply.text)")
        return try JSONTree(parsing: reply.body)
    }

    private func chat(_ client: HTTPClient, _ stack: Stack, key: String = key) -> LibreChatFiles {
        LibreChatFiles(base: "\(client.base)/k/\(key)/v1", version: .v088, folder: stack.folder)
    }

    @Test func `upload, run, download, link and deletion`() async throws {
        try await with { stack, s3 in
            let chat = chat(stack.client, stack)
            let content = "a,b\n" + String(repeating: "1,2\n", count: 100_000)
            let upload = try UploadedFiles(
                await chat.upload([.field("entity_id", "agent"), .file("d é.csv", content)]))
            #expect(upload.message == "success")
            let path = "\(upload.path)?entity_id=agent"
            #expect(try await chat.send("GET", "/download/\(path)").text == content)
            let part = try await chat.send("GET", "/download/\(path)", ["Range: bytes=4-6"])
            #expect(part.status == 206 && part.text == "1,2")
            #expect(try await chat.send("GET", "/sessions/\(upload.session_id)/objects/x").status == 404)
            let other = self.chat(stack.client, stack, key: otherKey)
            #expect(try await other.send("GET", "/download/\(path)").status == 404)

            let input: JSONTree = [
                "id": .text(upload.files[0].fileId ?? ""), "name": "d é.csv", "kind": "agent", "resource_id": "agent",
                "storage_session_id": .text(upload.session_id),
            ]
            let code = "print(len(open('d é.csv').read())); open('out.txt', 'w').write('result')"
            let run = try await post(
                ["lang": "py", "code": .text(code), "files": [input]], "/v1/exec", to: stack.client)
            #expect(run["stdout"] == "\(content.utf8.count)\n" && run["files"].list?.count == 2, "\(run)")
            let output = try #require(run["files"].list?.first { $0["name"] == "out.txt" })
            let place = "\(run["session_id"].string ?? "")/\(output["id"].string ?? "")"
            #expect(try await chat.send("GET", "/download/\(place)").text == "result")

            var client = stack.client
            client.headers["X-API-Key"] = key
            let url = try await client.withSession { session in
                _ = try await session("write_file", ["filePath": "shared.txt", "fileContent": "by a link"])
                return try #require(
                    try await session("get_file_downloadurl", ["filePath": "shared.txt"])["downloadUrl"].string)
            }
            let link = try await HTTPClient(base: url, folder: stack.folder).get("")
            #expect(link.status == 200 && link.text == "by a link")

            #expect(try await chat.send("DELETE", "/sessions/\(path.replacing("/", with: "/objects/"))").status == 200)
            #expect(try await chat.send("GET", "/download/\(path)").status == 404)
            #expect(!s3.keys.contains { $0.contains(upload.files[0].fileId ?? "?") }, "\(s3.keys)")
        }
    }

    @Test func `a program goes on in another responder, which knows it from the bucket alone`() async throws {
        try await with { stack, s3 in
            try await stack.withResponder { other in
                let path = "/v1/exec/programmatic"
                let waiting = try await post(
                    ["code": "print(await add(a=1))", "tools": [["name": "add", "parameters": [:]]]], path,
                    to: stack.client)
                #expect(waiting["status"] == "tool_call_required", "\(waiting)")
                let call = waiting["tool_calls"][0]
                #expect(call["name"] == "add" && call["input"] == ["a": 1])
                #expect(s3.keys.contains { $0.hasPrefix("files/") && $0.contains(".log/") }, "\(s3.keys)")
                let last = try await post(
                    [
                        "continuation_token": waiting["continuation_token"],
                        "tool_results": [["call_id": call["id"], "result": 7]],
                    ], path, to: other.client)
                #expect(last["status"] == "completed" && last["stdout"] == "7\n", "\(last)")
                #expect(!s3.keys.contains { $0.contains(".log/") }, "\(s3.keys)")
            }
        }
    }
}
