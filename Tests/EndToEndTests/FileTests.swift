import Foundation
import TestSupport
import Testing

extension ActionTests {
    /// Files of a session: written, read, and fetched by a link.
    @Suite(.timeLimit(.minutes(10)))
    struct FileTests {
        @Test func `text comes back as it was written`() async throws {
            try await SharedStack.client.withSession { session in
                let text = "Zażółć\t\"数据\" 🦆\r\nlast line without an end"
                let path: JSONTree = "/tmp/new/folder/a.txt"
                let written = try await session("write_file", ["filePath": path, "fileContent": .text(text)])
                #expect(
                    written.json
                        == [
                            "sessionId": .text(session.id), "success": true,
                            "message": "File written to /tmp/new/folder/a.txt",
                            "bytes": .number(Double(text.utf8.count)),
                        ])
                #expect(
                    try await session("read_file", ["filePath": path]).json
                        == [
                            "sessionId": .text(session.id), "success": true, "content": .text(text),
                            "bytes": .number(Double(text.utf8.count)), "encoding": "utf-8",
                        ])
                #expect(
                    try await session.python(
                        "print(open('/tmp/new/folder/a.txt', newline='').read().replace('\\r', '<CR>'), end='')")
                        == text.replacing("\r\n", with: "<CR>\n"))
            }
        }

        @Test func `an empty file is a file`() async throws {
            try await SharedStack.client.withSession { session in
                let written = try await session("write_file", ["filePath": "empty", "fileContent": ""])
                #expect(written["bytes"] == 0, "\(written)")
                #expect(
                    try await session("read_file", ["filePath": "empty"]).json
                        == [
                            "sessionId": .text(session.id), "success": true, "content": "", "bytes": 0,
                            "encoding": "utf-8",
                        ])
                #expect(try await session.shell("stat -c %s empty") == "0\n")
            }
        }

        @Test func `binary travels as base64 both ways`() async throws {
            try await SharedStack.client.withSession { session in
                let bytes = Data((0...255).map { UInt8($0) })
                let base64 = JSONTree.text(bytes.base64EncodedString())
                let written = try await session(
                    "write_file", ["filePath": "all.bin", "fileContent": base64, "encoding": "base64"])
                #expect(written["bytes"] == 256, "\(written)")
                let read = try await session("read_file", ["filePath": "all.bin"])
                #expect(read["content"] == base64 && read["encoding"] == "base64" && read["bytes"] == 256)
                #expect(
                    try await session.python("print(open('all.bin', 'rb').read() == bytes(range(256)))") == "True\n")
                // Text, where base64 was asked for.
                _ = try await session("write_file", ["filePath": "a", "fileContent": "text"])
                #expect(
                    try await session("read_file", ["filePath": "a", "encoding": "base64"])["content"] == "dGV4dA==")
                #expect(
                    try await session(
                        "write_file", ["filePath": "b", "fileContent": "not base64", "encoding": "base64"]
                    ).json == .failure("`fileContent` must be base64, as `encoding` says.", session: session.id))
            }
        }

        private static let large = 25 << 20

        @Test(arguments: ["base64", "utf-8"])
        func `25 MB are written, and downloaded byte for byte`(encoding: String) async throws {
            let stack = try #require(SharedStack.current)
            try await stack.client.withSession { session in
                let noise = Data((0..<1 << 16).map { UInt8(truncatingIfNeeded: $0 &* 0x9E37_79B1 >> 11) })
                let bytes =
                    encoding == "base64"
                    ? (0..<Self.large >> 16).reduce(into: Data()) { data, block in
                        data += Data("\(block)".utf8) + noise
                    }
                    : Data(String(repeating: "0123456789ü\n", count: Self.large / 13).utf8)
                let content =
                    encoding == "base64" ? bytes.base64EncodedString() : String(decoding: bytes, as: UTF8.self)
                let written = try await session(
                    "write_file", ["filePath": "large", "fileContent": .text(content), "encoding": .text(encoding)])
                #expect(written["bytes"].integer == bytes.count, "\(written)")
                let read = try await session("read_file", ["filePath": "large"])
                if encoding == "base64" {
                    #expect(
                        read.error
                            == "large is not text, and too large for base64 (\(bytes.count) bytes). Use `get_file_downloadurl`."
                    )
                } else {
                    let text = read["content"].string ?? ""
                    #expect(text.unicodeScalars.count < 8200 && text.contains("the whole is in large"), "\(read)")
                }
                let url = try #require(
                    try await session("get_file_downloadurl", ["filePath": "large"])["downloadUrl"].string)
                let file = try await HTTPClient(base: url, folder: stack.folder).get("")
                #expect(file.status == 200 && file.body == bytes)
            }
        }

        @Test(arguments: [
            "with space", "it's \"quoted\" \\ `here` $(there)", "two\nlines", "-rf", "--help", "數據 ü 🦆.txt",
            "%2e%2e?a=b&c#d",
            "dot/./file", "*",
        ])
        func `a name is a name, whatever is in it`(name: String) async throws {
            let stack = try #require(SharedStack.current)
            try await stack.client.withSession { session in
                // Of the home, and with the whole path.
                for path in [name, "/tmp/in \(session.id)/\(name)"] {
                    let parameters: [String: JSONTree] = ["filePath": .text(path)]
                    let written = try await session(
                        "write_file", parameters.merging(["fileContent": .text("in \(name)")]) { $1 })
                    #expect(written.isSuccess, "\(written)")
                    #expect(try await session("read_file", parameters)["content"] == .text("in \(name)"))
                    let check = "import os; print(os.path.isfile(os.environ['NAME']))"
                    let there = try await session(
                        "execute", ["code": .text(check), "envs": ["NAME": .text(path)]])
                    #expect(there.stdout == "True\n", "\(there)")
                    let link = try await session("get_file_downloadurl", parameters)
                    let url = try #require(link["downloadUrl"].string, "\(link)")
                    #expect(try await HTTPClient(base: url, folder: stack.folder).get("").text == "in \(name)")
                }
            }
        }

        @Test func `what is missing, a directory or forbidden is said in words`() async throws {
            try await SharedStack.client.withSession { session in
                for action in ["read_file", "get_file_downloadurl"] {
                    #expect(
                        try await session(action, ["filePath": "/home/user/none"]).json
                            == .failure("There is no file /home/user/none in the sandbox.", session: session.id))
                }
                for (action, word) in [("read_file", "directory"), ("get_file_downloadurl", "directory")] {
                    let answer = try await session(action, ["filePath": "/tmp"])
                    #expect(answer.status == 200 && !answer.isSuccess && answer.error.contains(word), "\(answer)")
                }
                for path in ["/usr/forbidden.txt", "/proc/forbidden.txt", "/tmp", "/etc/passwd/below"] {
                    let answer = try await session("write_file", ["filePath": .text(path), "fileContent": "a"])
                    #expect(answer.status == 200 && !answer.isSuccess, "\(answer)")
                    #expect(answer.error.hasPrefix("\(path) cannot be written: "), "\(answer)")
                }
                _ = try await session.shell("touch locked; chmod 000 locked")
                let locked = try await session("read_file", ["filePath": "locked"])
                #expect(locked.error.hasPrefix("locked cannot be read: "), "\(locked)")
                #expect(
                    try await session("read_file", ["filePath": ""]).error
                        == "`filePath` is required for `read_file` action.")
                for path in [String(repeating: "a", count: 4097), "nul\0inside"] {
                    #expect(
                        try await session("read_file", ["filePath": .text(path)]).error
                            == "`filePath` must be a path of 1 to 4096 bytes.")
                }
            }
        }

        @Test func `a link opens its file alone, and only for its time`() async throws {
            let stack = try #require(SharedStack.current)
            try await stack.client.withSession { session in
                for name in ["open", "closed"] {
                    _ = try await session(
                        "write_file", ["filePath": .text(name), "fileContent": .text("\(name) file")])
                }
                let link = try await session("get_file_downloadurl", ["filePath": "open", "expiresIn": 0.1])
                let url = try #require(link["downloadUrl"].string)
                #expect(
                    link.named()
                        == [
                            "sessionId": .text(session.id), "success": true, "downloadUrl": .text(url),
                            "expiresAt": "TIME", "message": "Download URL generated for open",
                        ])
                let fetch = { (url: String) in try await HTTPClient(base: url, folder: stack.folder).get("") }
                let good = try await fetch(url)
                #expect(good.status == 200 && good.text == "open file")
                for altered in try alterations(of: url) {
                    let reply = try await fetch(altered)
                    #expect(
                        (400..<500).contains(reply.status) && !reply.text.contains(" file"), "\(altered): \(reply.text)"
                    )
                }
                // Nor does it write.
                let upload = try await HTTPClient(base: url, folder: stack.folder).send(
                    "POST", "", body: Data("mine".utf8))
                #expect((400..<500).contains(upload.status), "\(upload)")
                #expect(try await session("read_file", ["filePath": "open"])["content"] == "open file")
                try await stack.local.wait(for: "the link's end") { try await fetch(url).status != 200 }
                #expect(try await (400..<500).contains(fetch(url).status))
            }
        }

        /// The link with another file, another end, and other signatures.
        private func alterations(of url: String) throws -> [String] {
            let components = try #require(URLComponents(string: url))
            let items = try #require(components.queryItems)
            func with(_ change: ([URLQueryItem]) -> [URLQueryItem]) -> String {
                var components = components
                components.queryItems = change(items)
                return components.string ?? ""
            }
            func setting(_ name: String, _ value: (String) -> String?) -> String {
                with { items in
                    items.compactMap { item in
                        guard item.name == name else { return item }
                        return value(item.value ?? "").map { URLQueryItem(name: name, value: $0) }
                    }
                }
            }
            #expect(Set(items.map(\.name)).isSuperset(of: ["path", "signature", "signature_expiration"]))
            return [
                setting("path") { _ in "closed" }, setting("path") { _ in "/home/user/closed" },
                setting("path") { _ in "/etc/passwd" }, setting("path") { "\($0)/../closed" },
                setting("signature_expiration") { "\((Int($0) ?? 0) + 3600)" },
                setting("signature_expiration") { _ in nil },
                setting("signature_expiration") { _ in "" }, setting("signature") { _ in nil },
                setting("signature") { _ in "" }, setting("signature") { "\($0.dropLast(4))AAAA" },
                with { [URLQueryItem(name: "path", value: "closed")] + $0 },
                with { $0 + [URLQueryItem(name: "username", value: "root")] },
            ]
        }
    }
}
