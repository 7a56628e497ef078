import Foundation
import TestSupport
import Testing

/// Uploads and downloads of LibreChat's own code interpreter API, through nginx. No sandbox is needed for them.
@Suite(.timeLimit(.minutes(5)))
struct CodeAPIFileTests {
    private static let key = "a-key-of-the-tests-1"
    private static let otherKey = "a-key-of-the-tests-2"

    private struct Service {
        let url: String
        let responder: LoneResponder
        let nginx: ChildProcess

        func client(
            _ version: LibreChatFiles.Version = .v088, key: String = CodeAPIFileTests.key, isChunked: Bool = true
        ) -> LibreChatFiles {
            // Newer ones send no key at all.
            version == .v088
                ? LibreChatFiles(
                    base: "\(url)/k/\(key)/v1", version: version, isChunked: isChunked, folder: responder.folder)
                : LibreChatFiles(
                    base: "\(url)/v1", version: version, key: key, isChunked: isChunked, folder: responder.folder)
        }

        var storedFiles: [String] {
            get throws {
                try FileManager.default.subpathsOfDirectory(atPath: responder.folder.appending(path: "store").path)
                    .filter { $0.hasSuffix(".json") }
            }
        }
    }

    private func withService(
        trusted: String = "chat", accessLog: String = "off", _ body: (Service) async throws -> Void
    ) async throws {
        let environment = [
            "E2B_FCGI_KEYS": "chat:\(Self.key),other:\(Self.otherKey)", "E2B_FCGI_TRUSTED_KEYS": trusted,
        ]
        try await LoneResponder.with(environment: environment) { responder in
            let port = try freePort()
            let nginx = try await Stack.startNginx(
                port: port, sockets: [responder.socket], folder: responder.folder, accessLog: accessLog)
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await body(
                        Service(url: "http://127.0.0.1:\(port)", responder: responder, nginx: nginx)))
            } catch {
                result = .failure(error)
            }
            await nginx.stop()
            try result.get()
        }
    }

    @Test(arguments: LibreChatFiles.Version.allCases, [true, false])
    func `what a LibreChat uploads comes back to it`(version: LibreChatFiles.Version, isChunked: Bool) async throws {
        try await withService { service in
            let chat = service.client(version, isChunked: isChunked)
            let content = "a,b\r\n--\r\n1,2\r\n" + String(repeating: "x,y\r\n", count: 40_000)
            let scope: [LibreChatFiles.Part] =
                version == .v088 ? [.field("kind", "user"), .field("id", "66f0c0ffee")] : []
            let reply = try await chat.upload(scope + [.file("データ/d \u{e9}.csv", content)])
            #expect(reply.status == 200, "\(reply.text)")
            let upload = try UploadedFiles(reply)
            #expect(upload.message == "success")
            #expect(upload.session_id == upload.storage_session_id)
            #expect(upload.files.first?.filename == "データ/d \u{e9}.csv")
            let id = try #require(upload.files.first?.fileId)
            #expect(id.wholeMatch(of: /[A-Za-z0-9_-]{21}/) != nil)
            #expect(upload.session_id.wholeMatch(of: /[A-Za-z0-9_-]{21}/) != nil)

            // Is it still there?
            if version == .v088 {
                #expect(reply.headers["x-codeapi-execution-profile"] == "default")
                let object = try await chat.send(
                    "GET", "/sessions/\(upload.session_id)/objects/\(id)?kind=user&id=66f0c0ffee")
                #expect(object.status == 200)
                #expect(object.text.contains(#""originalFilename":"データ/d é.csv","size":\#(content.utf8.count),"#))
            } else {
                let list = try await chat.send("GET", "/files/\(upload.session_id)?detail=summary")
                #expect(list.status == 200)
                #expect(list.text.hasPrefix(#"[{"name":"\#(upload.path)"#))
                #expect(list.text.contains(#""lastModified":"20"#))
            }

            // Older clients have the session of the run in the path.
            let session = version == .v088 ? upload.session_id : String(repeating: "r", count: 21)
            let query = version == .v088 ? "?kind=user&id=66f0c0ffee" : ""
            let download = try await chat.send("GET", "/download/\(session)/\(id)\(query)")
            #expect(download.status == 200)
            #expect(download.text == content)
            #expect(download.headers["content-length"] == "\(content.utf8.count)")
            #expect(download.headers["content-type"] == "text/csv")
            #expect(download.headers["content-disposition"]?.hasPrefix("attachment; ") == true)
            #expect(download.headers["content-disposition"]?.contains("filename*=UTF-8''d%20%C3%A9.csv") == true)
            #expect(download.headers["x-content-type-options"] == "nosniff")
            let part = try await chat.send("GET", "/download/\(session)/\(id)\(query)", ["Range: bytes=3-6"])
            #expect(part.status == 206)
            #expect(part.text == "\r\n--")
            let head = try await chat.send("HEAD", "/download/\(session)/\(id)\(query)")
            #expect(head.status == 200)
            #expect(head.headers["content-length"] == "\(content.utf8.count)")

            let path = version == .v088 ? "/sessions/\(upload.session_id)/objects/\(id)" : "/files/\(upload.path)"
            #expect(try await chat.send("DELETE", path + query).status == 200)
            #expect(try await chat.send("DELETE", path + query).status == 404)
            #expect(try await chat.send("GET", "/download/\(session)/\(id)\(query)").status == 404)
            #expect(try await chat.send("GET", "/sessions/\(upload.session_id)/objects/\(id)").status == 404)
            #expect(try await chat.send("GET", "/files/\(upload.session_id)?detail=full").status == 404)
        }
    }

    @Test func `a batch is one session, and each file has an answer`() async throws {
        try await withService { service in
            let chat = service.client()
            let names = (0..<30).map { "skill/part \($0).md" }
            let long = Array(repeating: "folder", count: 200).joined(separator: "/")
            let reply = try await chat.upload(
                [.field("kind", "skill"), .field("id", "s1"), .field("version", "3"), .field("read_only", "true")]
                    + names.map { .file($0, "text of \($0)") } + [.file(long, "")], isBatch: true)
            let upload = try UploadedFiles(reply)
            #expect(upload.message == "partial_success")
            #expect(upload.succeeded == 30)
            #expect(upload.failed == 1)
            #expect(upload.files.prefix(30).map(\.filename) == names)
            #expect(upload.files.prefix(30).allSatisfy { $0.status == "success" })
            #expect(upload.files.last?.error == "The name of the file is longer than 1024 bytes.")
            let list = try await chat.send("GET", "/files/\(upload.session_id)?detail=normalized")
            #expect(names.allSatisfy { list.text.contains(#""name":"\#($0)""#) })
            let query = "?kind=skill&id=s1&version=3"
            let download = try await chat.send("GET", "/download/\(upload.path)\(query)")
            #expect(download.text == "text of \(names[0])")
            #expect(try await chat.send("GET", "/download/\(upload.path)?kind=skill&id=s2").status == 403)
            #expect(try await chat.send("GET", "/download/\(upload.path)?kind=skill&id=s1&version=4").status == 403)
        }
    }

    @Test func `uploads of one name at the same time are files of their own`() async throws {
        try await withService { service in
            let chat = service.client()
            let paths = try await withThrowingTaskGroup { group in
                for number in 0..<6 {
                    group.addTask {
                        let content = String(repeating: "\(number)", count: 100_000)
                        let upload = try UploadedFiles(
                            await chat.upload([.field("entity_id", "agent"), .file("same.csv", content)]))
                        return (upload.path, content)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(paths.map(\.0)).count == 6)
            for (path, content) in paths {
                #expect(try await chat.send("GET", "/download/\(path)?entity_id=agent").text == content)
            }
        }
    }

    @Test func `nobody gets another one's files, by any route`() async throws {
        try await withService { service in
            let chat = service.client()
            let upload = try UploadedFiles(
                await chat.upload([.field("kind", "user"), .field("id", "66f0c0ffee"), .file("a", "secret text")]))
            let (path, session) = (upload.path, upload.session_id)
            let id = try #require(upload.files.first?.fileId)
            let routes = [
                ("GET", "/download/\(path)"), ("HEAD", "/download/\(path)"),
                ("GET", "/sessions/\(session)/objects/\(id)"),
                ("GET", "/files/\(session)"), ("GET", "/files/\(session)?detail=full"), ("DELETE", "/files/\(path)"),
                ("DELETE", "/sessions/\(session)/objects/\(id)"),
            ]
            // Another key finds nothing. Another user of the same key is told that it is not his.
            for (client, mark, status) in [
                (service.client(key: Self.otherKey), "", 404), (service.client(.v076, key: Self.otherKey), "", 404),
                (chat, "kind=user&id=somebody-else", 403), (chat, "user_id=somebody-else", 403),
            ] {
                for (method, route) in routes {
                    let mark = mark.isEmpty ? "" : (route.contains("?") ? "&" : "?") + mark
                    let reply = try await client.send(method, route + mark)
                    #expect(reply.status == status, "\(method) \(route)\(mark)")
                    #expect(!reply.text.contains("secret text"))
                }
            }
            // Without a right key nothing is told, with the key in whatever place.
            for base in ["\(service.url)/v1", "\(service.url)/k/wrong-key-of-the-tests/v1"] {
                let stranger = LibreChatFiles(base: base, version: .v088, folder: service.responder.folder)
                for (method, route) in routes { #expect(try await stranger.send(method, route).status == 401) }
                #expect(try await stranger.upload([.file("a", "x")]).status == 401)
            }
            for header in ["Authorization: Bearer \(Self.key)", "X-API-Key: \(Self.key)"] {
                let client = LibreChatFiles(base: "\(service.url)/v1", version: .v076, folder: service.responder.folder)
                #expect(try await client.send("GET", "/download/\(path)", [header]).text == "secret text")
            }
            let url = service.url.replacing("http://", with: "http://chat:\(Self.key)@")
            let client = LibreChatFiles(base: "\(url)/v1", version: .v088, folder: service.responder.folder)
            #expect(try await client.send("GET", "/download/\(path)").text == "secret text")
        }
    }

    @Test func `errors have the shape that LibreChat reads`() async throws {
        try await withService { service in
            let chat = service.client()
            for (reply, status, error) in [
                (try await chat.send("GET", "/nothing"), 404, ""),
                (try await chat.send("GET", "/upload"), 405, "method_not_allowed"),
                (
                    try await chat.send("POST", "/upload", ["Content-Type: text/plain"], Data("x".utf8)), 400,
                    "invalid_request"
                ),
                (try await chat.upload([.field("kind", "user")]), 400, "invalid_request"),
                (try await chat.send("GET", "/download/a/b"), 404, "not_found"),
                (try await chat.send("GET", "/files/\(String(repeating: "a", count: 21))"), 404, "not_found"),
                (try await chat.send("GET", "/files/a?detail=all"), 400, "invalid_request"),
            ] {
                #expect(reply.status == status, "\(reply.text)")
                if !error.isEmpty { #expect(reply.text.hasPrefix(#"{"error":"\#(error)","message":""#)) }
                #expect(!reply.text.contains(Self.key))
            }
            var other = service.client(.v076)
            other.base = chat.base
            let twice = try await other.send(
                "GET", "/files/a", ["X-CodeAPI-Expected-Profile: default, stateful"])
            #expect(twice.status == 400)
            #expect(twice.text.contains("invalid_execution_profile"))
            let mismatch = try await other.send("GET", "/files/a", ["X-CodeAPI-Expected-Profile: gpu"])
            #expect(mismatch.status == 409)
            #expect(mismatch.text.contains("execution_profile_mismatch"))
            let health = try await chat.send("GET", "/health")
            #expect(health.status == 200)
            #expect(health.text.hasPrefix(#"{"status":"healthy""#))
        }
    }

    @Test func `a key in the path is in no log`() async throws {
        try await withService(accessLog: "access.log") { service in
            let chat = service.client()
            let upload = try UploadedFiles(await chat.upload([.file("a", "x")]))
            #expect(try await chat.send("GET", "/download/\(upload.path)").text == "x")
            for path in ["/upload", "/nothing", "/download/a/b", "/../exec", ""] {
                _ = try await chat.send("GET", path)
            }
            for path in ["/k/\(Self.key)", "/k/\(Self.key)/", "/k/\(Self.key)/exec", "/k/\(Self.key)/v2/exec"] {
                let client = LibreChatFiles(base: service.url, version: .v076, folder: service.responder.folder)
                #expect(try await client.send("POST", path, [], Data("{}".utf8)).status == 404)
                _ = try await client.send("GET", "/health")
            }
            service.responder.process.signal(SIGKILL)
            await service.responder.process.ended()
            let reply = try await chat.send("GET", "/health")
            #expect(reply.status == 502)
            #expect(reply.text.hasPrefix(#"{"error":"unavailable""#))
            let log = try String(
                contentsOf: service.responder.folder.appending(path: "access.log"), encoding: .utf8)
            #expect(log.contains("/health"))
            for log in [log, service.responder.process.log, service.nginx.log] {
                #expect(!log.contains(Self.key))
                #expect(!log.contains("wrong-key"))
            }
            #expect(service.responder.process.log.contains(#""path":"/v1/upload""#))
        }
    }

    @Test func `an upload that breaks off leaves nothing, wherever it does`() async throws {
        try await withService { service in
            let body = Array(
                ("--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
                    + String(repeating: "x", count: 100_000) + "\r\n--B--\r\n").utf8)
            let params = [
                "REQUEST_METHOD": "POST", "PATH_INFO": "/v1/upload", "REMOTE_ADDR": "127.0.0.1",
                "HTTP_X_API_KEY": Self.key,
                "CONTENT_TYPE": "multipart/form-data; boundary=B",
            ]
            for count in [0, 1, 30, 70, 500, 65_536, 99_000, body.count - 3] {
                for length in [nil, "\(body.count)", "\(body.count + 7)"] as [String?] {
                    // The web server hangs up, or ends the body before its length.
                    for isEnded in [true, false] {
                        var params = params
                        params["CONTENT_LENGTH"] = length
                        let server = try WebServer(unix: service.responder.socket)
                        try await server.sendBytes(
                            WebServer.begin() + WebServer.params(params)
                                + WebServer.stream(.stdin, Array(body.prefix(count)))
                                + (isEnded ? WebServer.record(.stdin, []) : []))
                        if !isEnded { server.hangUp(halfWay: true) }
                        let answer = await server.answer()
                        if isEnded { #expect(answer.status == 400, "\(count) of \(length ?? "any"): \(answer.text)") }
                    }
                }
            }
            #expect(try service.storedFiles.isEmpty)
            let server = try WebServer(unix: service.responder.socket)
            try await server.send(params, stdin: body)
            #expect(await server.answer().status == 200)
            #expect(try service.storedFiles.count == 1)
        }
    }
}
