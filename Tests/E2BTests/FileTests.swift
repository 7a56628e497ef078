import Foundation
import TestSupport
import Testing

@testable import E2B

@Suite(.timeLimit(.minutes(10))) struct FileTests {
    private static let written = #"[{"path":"/home/user/ä \"b\".txt","name":"ä \"b\".txt","type":"file"}]"#

    @Test(arguments: ["0.5.7", "0.6.13", "1.0.0"]) func `a file is written as it is`(version: String) async throws {
        // envd does not say that it is JSON.
        let e2b = LoopbackE2B("200 OK", ["Content-Type: text/plain; charset=utf-8"], Self.written)
        var sandbox = testSandbox
        sandbox.envdVersion = version
        for bytes in [[], [0, 1, 255, 13, 10]] as [[UInt8]] {
            try await e2b.withClient { client in
                let file = try await client.write(bytes, to: "ä \"b\".txt", user: "root", in: sandbox)
                #expect(file == WrittenFile(path: "/home/user/ä \"b\".txt", name: "ä \"b\".txt"))
            }
            let request = try #require(e2b.requests.last)
            #expect(request.line == "POST /files?path=%C3%A4%20%22b%22.txt&username=root HTTP/1.1")
            #expect(request.fields["content-type"] == "application/octet-stream")
            #expect(request.fields["x-access-token"] == testToken && request.fields["expect"] == nil)
            #expect(request.body == bytes)
        }
    }

    @Test(arguments: ["", "0.5.6", "0.3.0", "nightly"]) func `an older envd gets a form`(version: String) async throws {
        let e2b = LoopbackE2B("200 OK", [], Self.written)
        var sandbox = testSandbox
        sandbox.envdVersion = version
        try await e2b.withClient { client in
            for bytes in [[], Array("--x\r\n".utf8), [0, 255]] as [[UInt8]] {
                try await client.write(bytes, to: "a", in: sandbox)
                let request = try #require(e2b.requests.last)
                let user = version == "0.3.0" ? "&username=user" : ""
                #expect(request.line == "POST /files?path=a\(user) HTTP/1.1")
                let type = try #require(request.fields["content-type"])
                let boundary = try #require(type.split(separator: "boundary=").last)
                let head =
                    "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n"
                    + "Content-Type: application/octet-stream\r\n\r\n"
                #expect(request.body == Array(head.utf8) + bytes + Array("\r\n--\(boundary)--\r\n".utf8))
            }
        }
    }

    @Test func `several files are written by one call`() async throws {
        let e2b = LoopbackE2B("200 OK", [], Self.written)
        try await e2b.withClient { client in
            try await client.write([(path: "/a", bytes: [1, 2]), (path: "/d/b c", bytes: [])], in: testSandbox)
        }
        let request = try #require(e2b.requests.last)
        #expect(request.line == "POST /files HTTP/1.1")
        let boundary = try #require(request.fields["content-type"]?.split(separator: "boundary=").last)
        let head = "Content-Disposition: form-data; name=\"file\"; filename="
        let type = "\r\nContent-Type: application/octet-stream\r\n\r\n"
        let form =
            "--\(boundary)\r\n\(head)\"/a\"\(type)\u{1}\u{2}\r\n--\(boundary)\r\n\(head)\"/d/b c\"\(type)\r\n--\(boundary)--\r\n"
        #expect(request.body == Array(form.utf8))
        #expect(E2BClient.canWriteTogether("/d/b c") && !E2BClient.canWriteTogether("/a\"b"))
        #expect(!E2BClient.canWriteTogether("/\u{e9}") && !E2BClient.canWriteTogether("/a\n"))
    }

    @Test func `a file is read to its limit and not beyond`() async throws {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        let sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"
        for response in [chunked, sized] {
            let e2b = LoopbackE2B { _, connection in connection.write(response) }
            try await e2b.withClient { client in
                for limit in [5, 6, .max] {
                    let file = try await client.read("~/a&b", limit: limit, in: testSandbox)
                    #expect(file == Array("abcde".utf8))
                }
                for limit in [4, 0] {
                    await #expect(throws: E2BError.tooLarge(.readFile, limit: limit)) {
                        try await client.read("~/a&b", limit: limit, in: testSandbox)
                    }
                }
                #expect(e2b.requests[0].line == "GET /files?path=~%2Fa%26b HTTP/1.1")
            }
        }
    }

    @Test func `an endless file is given up at its limit`() async throws {
        let e2b = LoopbackE2B { _, connection in
            connection.beginStream()
            let chunk = String(repeating: "x", count: 10_000)
            while connection.write(chunk: chunk) {}
            return false
        }
        try await e2b.withClient { client in
            await #expect(throws: E2BError.tooLarge(.readFile, limit: 1 << 20)) {
                try await client.read("/dev/zero", limit: 1 << 20, in: testSandbox)
            }
        }
    }

    @Test func `a file that does not begin within the time of a call is given up`() async throws {
        let e2b = LoopbackE2B.silent()
        try await e2b.withClient(requestTimeout: .milliseconds(100)) { client in
            await #expect(throws: E2BError.timedOut(.readFile)) {
                // The larger it may be, the longer all of it may take.
                try await client.read("/x", limit: 1 << 30, in: testSandbox)
            }
        }
    }

    @Test func `half a file is none`() async throws {
        let e2b = LoopbackE2B { request, connection in
            if request.line.contains("health") { return connection.respond(status: "204 No Content") }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
            return false
        }
        try await e2b.withClient { client in
            await #expect(
                throws: E2BError.broken(.readFile, why: "the connection was closed before the answer was whole")
            ) { try await client.read("a", limit: 10, in: testSandbox) }
            #expect(e2b.requests.count == 2, "not read again")
        }
    }

    @Test(arguments: [
        (
            "404 Not Found", "path '/a' does not exist",
            E2BError.notFound(.readFile, message: "path '/a' does not exist")
        ),
        (
            "400 Bad Request", "path '/a' is a directory",
            .refused(.readFile, status: 400, message: "path '/a' is a directory")
        ),
        ("403 Forbidden", "permission denied", .refused(.readFile, status: 403, message: "permission denied")),
        (
            "500 Internal Server Error", "open /a: permission denied",
            .refused(.readFile, status: 500, message: "open /a: permission denied")
        ),
        (
            "401 Unauthorized", "unauthorized access, \(testToken)",
            .unauthorized(.readFile, message: "unauthorized access, [hidden]")
        ),
        ("502 Bad Gateway", "The sandbox was not found", .sandboxGone(message: "The sandbox was not found")),
    ])
    func `a refusal has its words, however small the file may be`(
        status: String, message: String, error: E2BError
    ) async throws {
        let e2b = LoopbackE2B(status, [], #"{"code":1,"message":"\#(message)"}"#)
        try await e2b.withClient { client in
            await #expect(throws: error) { try await client.read("/a", limit: 1, in: testSandbox) }
            if case .sandboxGone = error { return }
            #expect(!"\(error)".contains("API key"))
        }
    }

    @Test func `a full disk is said`() async throws {
        let e2b = LoopbackE2B(
            "507 Insufficient Storage", [], #"{"code":507,"message":"not enough disk space available"}"#)
        try await e2b.withClient { client in
            await #expect(
                throws: E2BError.refused(.writeFile, status: 507, message: "not enough disk space available")
            ) { try await client.write([1], to: "a", in: testSandbox) }
        }
    }

    @Test func `an entry is read, defaults and all`() async throws {
        let full = #"""
            {"entry":{"name":"a","path":"/a","type":"FILE_TYPE_FILE","size":"5000000000","mode":420,
             "permissions":"-rw-r--r--","owner":"user","group":"staff","modifiedTime":"1994-11-06T08:49:37.5Z",
             "symlinkTarget":"/b","metadata":{"k":"v"},"later":[]}}
            """#
        let entry = FileEntry(
            name: "a", path: "/a", kind: .file, size: 5_000_000_000, mode: 0o644, permissions: "-rw-r--r--",
            owner: "user", group: "staff", modifiedAt: Date(timeIntervalSince1970: 784_111_777.5), symlinkTarget: "/b")
        try await LoopbackE2B("200 OK", [], full).withClient { client in
            let stat = try await client.entry(at: "/a", user: "root", in: testSandbox)
            let moved = try await client.move("/c", to: "/a", in: testSandbox)
            #expect(stat == entry && moved == entry)
        }
        let list = #"""
            {"entries":[{"name":"d","path":"/d","type":"FILE_TYPE_DIRECTORY"},{"name":"no path"},
             {"path":"/l","type":"FILE_TYPE_SYMLINK","size":7},{"path":"/o","type":"FILE_TYPE_SOCKET"}]}
            """#
        let e2b = LoopbackE2B("200 OK", [], list)
        try await e2b.withClient { client in
            let entries = try await client.entries(of: "/", depth: 3, in: testSandbox)
            #expect(entries.map(\.kind) == [.directory, .symlink, .other])
            #expect(entries.map(\.size) == [0, 7, 0])
            #expect(e2b.requests[0].body == Array(#"{"path":"/","depth":3}"#.utf8))
            await #expect(throws: E2BError.broken(.lookUpFile, why: "the answer is not what the protocol says")) {
                try await client.entry(at: "/", in: testSandbox)
            }
        }
    }

    @Test func `directories are made, things moved and removed`() async throws {
        let e2b = LoopbackE2B { request, connection in
            if request.line.contains("MakeDir"), request.fields["authorization"] != nil {
                return connection.respond(
                    #"{"code":"already_exists","message":"there"}"#, status: "409 Conflict")
            }
            return connection.respond(#"{"entry":{"path":"/b"}}"#)
        }
        try await e2b.withClient { client in
            let isNew = try await client.makeDirectory(at: "/a", in: testSandbox)
            let isOld = try await client.makeDirectory(at: "/a", user: "user", in: testSandbox)
            #expect(isNew && !isOld)
            try await client.move("a", to: "b", in: testSandbox)
            try await client.remove("b", in: testSandbox)
        }
        #expect(
            e2b.requests.map { String(decoding: $0.body, as: UTF8.self) } == [
                #"{"path":"/a"}"#, #"{"path":"/a"}"#, #"{"source":"a","destination":"b"}"#, #"{"path":"b"}"#,
            ])
        #expect(
            e2b.requests.map { $0.line.dropFirst("POST /filesystem.Filesystem/".count) } == [
                "MakeDir HTTP/1.1", "MakeDir HTTP/1.1", "Move HTTP/1.1", "Remove HTTP/1.1",
            ])
    }
}
