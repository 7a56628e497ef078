import Foundation
import Testing

@testable import LocalE2B

/// Files that cannot be had, files with strange names, and accounts that are not there.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct FileAccessTests {
    private static func files(_ path: String, user: String? = nil) throws -> String {
        let allowed = CharacterSet.alphanumerics
        let name = try #require(path.addingPercentEncoding(withAllowedCharacters: allowed))
        return "/files?path=\(name)" + (user.map { "&username=\($0)" } ?? "")
    }

    private static func message(_ fields: [String: String]) throws -> String {
        String(decoding: try JSONEncoder().encode(fields), as: UTF8.self)
    }

    @Test func `what has no permission is refused with its name`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            let make = """
                import os
                os.makedirs('closed/inner'); open('closed/file', 'w').write('x'); os.chmod('closed', 0)
                open('secret', 'w').write('x'); os.chmod('secret', 0)
                """
            #expect(try await stub.python(make, in: id) == "")
            let octets = stub.envd(id, type: "application/octet-stream")
            for path in ["secret", "closed/file", "/etc/passwd", "/usr/new", "closed/new/deep"] {
                let written = await stub.http.send("POST", try Self.files(path), octets, body: "y")
                #expect(written.status == 403, "\(path): \(written)")
                let message = try #require(written.json["message"] as? String)
                #expect(message.contains(path) && written.json["code"] as? Int == 403, "\(message)")
            }
            for path in ["secret", "closed/file"] {
                let read = await stub.http.send("GET", try Self.files(path), stub.envd(id))
                #expect(read.status == 403)
                #expect(read.json["message"] as? String == "permission denied: '/home/user/\(path)'")
            }
            for (method, fields) in [
                ("ListDir", ["path": "closed"]), ("Stat", ["path": "closed/file"]),
                ("MakeDir", ["path": "closed/new"]), ("Remove", ["path": "closed/file"]),
                ("Move", ["source": "closed/file", "destination": "file"]),
                ("Move", ["source": "secret", "destination": "/etc/secret"]), ("Remove", ["path": "/etc/passwd"]),
            ] {
                let answer = await stub.rpc("filesystem.Filesystem/\(method)", try Self.message(fields), in: id)
                #expect(answer.status == 403 && answer.json["code"] as? String == "permission_denied", "\(answer)")
            }
            let entry = await stub.rpc("filesystem.Filesystem/Stat", #"{"path":"secret"}"#, in: id)
            #expect((entry.json["entry"] as? [String: Any])?["permissions"] as? String == "----------")
            #expect(await stub.http.send("GET", try Self.files("closed"), stub.envd(id)).status == 403)
            #expect(await stub.http.send("GET", try Self.files("/tmp"), stub.envd(id)).status == 400)
            #expect(await stub.http.send("GET", try Self.files("secret/x"), stub.envd(id)).status == 400)
            #expect(await stub.http.send("POST", try Self.files("secret/x"), octets, body: "").status == 400)
            #expect(await stub.http.send("GET", try Self.files("none"), stub.envd(id)).status == 404)
            #expect(await stub.http.send("GET", try Self.files("a\0b"), stub.envd(id)).status == 400)
            #expect(await stub.http.send("GET", try Self.files("/dev/zero"), stub.envd(id)).status == 400)
            let long = String(repeating: "x", count: 5000)
            #expect(await stub.http.send("POST", try Self.files(long), octets, body: "").status == 400)
            #expect(try await stub.python("print('alive')", in: id) == "alive\n")
        }
    }

    @Test func `names can be anything`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            let octets = stub.envd(id, type: "application/octet-stream")
            let names = [
                "a b", "é 中 👩‍👩‍👧", "\"quoted\" 'twice'", "two\nlines\r\n", "a+b&c=d%41?#;", "\\back\tslash", "-rf",
                "…/..x",
                "$(id) `id`", String(repeating: "é", count: 127),
            ]
            for name in names {
                let content = "content of \(name)"
                let path = "dir \"é\"/\(name)"
                let written = await stub.http.send("POST", try Self.files(path), octets, body: content)
                #expect(written.status == 200, "\(written)")
                let read = await stub.http.send("GET", try Self.files(path), stub.envd(id))
                #expect(read.status == 200 && read.body == content && read.isWhole, "\(name)")
                #expect(read.headers["content-disposition"]?.hasPrefix("inline; filename=") == true)
                let stat = await stub.rpc("filesystem.Filesystem/Stat", try Self.message(["path": path]), in: id)
                let entry = try #require(stat.json["entry"] as? [String: Any])
                #expect(entry["path"] as? String == "/home/user/\(path)")
                let moved = try Self.message(["source": path, "destination": "moved/\(name)"])
                #expect(await stub.rpc("filesystem.Filesystem/Move", moved, in: id).status == 200)
            }
            // One that is not UTF-8, too.
            _ = try await stub.python("open(b'moved/\\xff', 'w')", in: id)
            let list = await stub.rpc("filesystem.Filesystem/ListDir", #"{"path":"moved","depth":2}"#, in: id)
            let entries = try #require(list.json["entries"] as? [[String: Any]])
            let found = Set(entries.compactMap { $0["name"] as? String })
            let leaves = names.map { String($0.split(separator: "/").last ?? "") }
            #expect(found.isSuperset(of: leaves + ["\u{FFFD}"]), "\(found)")
        }
    }

    @Test func `there is no root, and no stranger`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            let user = try await stub.bash("id -u; whoami; echo $HOME; pwd", in: id, user: "user")
            #expect(try user.output() == Data("1000\nuser\n/home/user\n/home/user\n".utf8))
            for (name, code, status) in [("root", "permission_denied", 403), ("bob", "unauthenticated", 401)] {
                let start = try await stub.bash("true", in: id, user: name)
                #expect(start.status == 200)
                let error = try start.messages().end?["error"] as? [String: String]
                #expect(error?["code"] == code && error?["message"]?.isEmpty == false)
                let stat = await stub.rpc("filesystem.Filesystem/Stat", #"{"path":"/"}"#, in: id, user: name)
                #expect(stat.status == status && stat.json["code"] as? String == code)
                let octets = stub.envd(id, type: "application/octet-stream")
                for answer in [
                    await stub.http.send("GET", try Self.files("/etc/passwd", user: name), stub.envd(id)),
                    await stub.http.send("POST", try Self.files("x", user: name), octets, body: "x"),
                ] {
                    #expect(answer.status == status && answer.json["code"] as? Int == status)
                }
            }
        }
    }
}
