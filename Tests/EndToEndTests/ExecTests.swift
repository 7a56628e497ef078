import Foundation
import TestSupport
import Testing

private enum Setup {
    static let key = "a-key-that-is-only-for-tests"
    static let otherKey = "another-key-only-for-tests"
    static let hidden = "hidden-value-of-a-test"
    static let environment = [
        "E2B_FCGI_KEYS": "chat:\(key),other:\(otherKey)", "E2B_CODE_EV_PASSWORD": hidden,
    ]
}

/// LibreChat's own code interpreter: a program, the files that it finds, and those that it leaves behind.
@Suite(.sharedStack(environment: Setup.environment), .timeLimit(.minutes(10)))
struct ExecTests {
    private func client(_ key: String = Setup.key) throws -> HTTPClient {
        var client = try SharedStack.client
        client.headers["X-API-Key"] = key
        return client
    }

    private func send(_ body: [String: JSONTree], key: String = Setup.key) async throws -> HTTPReply {
        try await client(key).send("POST", "/v1/exec", body: try JSONTree.object(body).encoded())
    }

    /// The answer of a run, whose status is always 200.
    private func run(_ code: String, _ lang: String = "py", _ more: [String: JSONTree] = [:]) async throws -> JSONTree {
        let own: [String: JSONTree] = ["lang": .text(lang), "code": .text(code)]
        let reply = try await send(own.merging(more) { $1 })
        #expect(reply.status == 200, "\(reply.text)")
        return try JSONTree(parsing: reply.body)
    }

    /// The files of an answer, as the next request names them.
    private func references(_ answer: JSONTree) -> JSONTree {
        .list(
            (answer["files"].list ?? []).map { file in
                .object([
                    "id": file["id"], "name": file["name"], "storage_session_id": file["storage_session_id"],
                    "kind": "user",
                ])
            })
    }

    private func names(_ answer: JSONTree, inherited: Bool = false) -> [String] {
        (answer["files"].list ?? []).filter { ($0["inherited"] == true) == inherited }.compactMap { $0["name"].string }
            .sorted()
    }

    private func file(_ name: String, of answer: JSONTree) throws -> JSONTree {
        try #require(answer["files"].list?.first { $0["name"].string == name }, "\(name) of \(answer)")
    }

    private func download(_ file: JSONTree, key: String = Setup.key) async throws -> HTTPReply {
        // Old clients have the session of the run in the path.
        try await client(key).get("/v1/download/\(String(repeating: "a", count: 21))/\(file["id"].string ?? "")")
    }

    // MARK: - Shape

    @Test func `an answer has both names of what was renamed`() async throws {
        let answer = try await run(
            "import sys; print('out'); print('err', file=sys.stderr); open('a.txt', 'w').write('x')")
        #expect(answer["stdout"] == "out\n")
        #expect(answer["stderr"].string?.trimmingCharacters(in: .newlines) == "err")
        #expect(answer["code"] == 0 && answer["signal"] == .null && answer["status"] == .null)
        let session = try #require(answer["session_id"].string)
        #expect(session.wholeMatch(of: /[A-Za-z0-9_-]{21}/) != nil)
        let file = try file("a.txt", of: answer)
        #expect(file["storage_session_id"].string == session && file["session_id"].string == session)
        #expect(file["id"].string?.wholeMatch(of: /[A-Za-z0-9_-]{21}/) != nil)
        #expect(answer["runtime_status"] == .missing)
    }

    // MARK: - Files

    @Test func `a run reads a file of the one before, changes, keeps and deletes`() async throws {
        let first = try await run(
            """
            import os
            os.makedirs('dir')
            open('data.csv', 'w').write('a,b\\n1,2\\n')
            open('dir/日本語.txt', 'w').write('kept')
            open('gone.txt', 'w').write('x')
            open('same.txt', 'w').write('same')
            """)
        #expect(names(first) == ["data.csv", "dir/日本語.txt", "gone.txt", "same.txt"])
        let second = try await run(
            """
            import os
            print(os.getcwd(), sorted(os.listdir('/mnt/data/dir')))
            print(open('/mnt/data/data.csv').read())
            open('data.csv', 'a').write('3,4\\n')
            os.remove('gone.txt')
            open('same.txt', 'w').write('same')
            """, "py", ["files": references(first)])
        #expect(second["stdout"].string?.contains("a,b\n1,2\n") == true, "\(second)")
        #expect(names(second) == ["data.csv"])
        #expect(names(second, inherited: true) == ["dir/日本語.txt", "same.txt"])
        #expect(second["deleted_files"] == ["gone.txt"])
        let old = try file("data.csv", of: first)
        let new = try file("data.csv", of: second)
        #expect(new["modified_from"]["id"] == old["id"] && new["id"] != old["id"])
        #expect(try await download(new).text == "a,b\n1,2\n3,4\n")
        #expect(try await download(old).text == "a,b\n1,2\n")
        #expect(try await download(file("same.txt", of: second)).text == "same")
    }

    @Test func `files are there whatever their names are`() async throws {
        let first = try await run(
            #"mkdir d; printf 1 > a; printf 2 > 'd/b c'; printf 3 > 'q"uo;te%'; printf 4 > 日本; touch e"#, "bash")
        let second = try await run(
            #"cat a 'd/b c' 'q"uo;te%' 日本 e"#, "bash", ["files": references(first)])
        #expect(second["stdout"] == "1234" && second["stderr"] == "", "\(second)")
        #expect(names(second, inherited: true) == names(first))
    }

    @Test func `of two files with one name the last one is there, and a line says so`() async throws {
        let answers = [try await run("echo -n first > a.txt", "bash"), try await run("echo -n last > a.txt", "bash")]
        let files = JSONTree.list(answers.flatMap { references($0).list ?? [] })
        let answer = try await run("cat a.txt", "bash", ["files": files])
        #expect(answer["stdout"] == "last")
        #expect(answer["stderr"].string?.contains("a.txt") == true)
    }

    @Test func `ten files are handed over, and it is told which are not`() async throws {
        let answer = try await run(
            "for i in $(seq 13); do echo $i > file-$i.txt; done; printf x > $'new\\nline'", "bash")
        #expect(names(answer).count == 10)
        let cut = answer["artifact_truncation"]
        #expect(cut["code"] == "artifact_truncated" && cut["reasons"] == ["max_files": 3, "path": 1])
        #expect(cut["skipped"].list?.count == 3 && cut["skipped_count"] == 4)
    }

    @Test func `a file is new whatever its time says`() async throws {
        let answer = try await run(
            """
            import os
            open('new.txt', 'w').write('x')
            os.utime('new.txt', (0, 0))
            os.rename('new.txt', 'old.txt')
            """)
        #expect(names(answer) == ["old.txt"], "\(answer)")
    }

    @Test func `another's file is not found, and one that is gone does not stop a run with others`() async throws {
        let mine = try await run("echo -n secret > a.txt", "bash")
        let stranger = try await send(
            ["lang": "bash", "code": "cat a.txt", "files": references(mine)], key: Setup.otherKey)
        #expect([403, 404].contains(stranger.status) && !stranger.text.contains("secret"))
        #expect([403, 404].contains(try await download(file("a.txt", of: mine), key: Setup.otherKey).status))
        let gone: JSONTree = .object(["id": .text(String(repeating: "b", count: 21)), "name": "gone.csv"])
        let both = try await run("cat a.txt", "bash", ["files": .list([gone] + (references(mine).list ?? []))])
        #expect(both["stdout"] == "secret")
        #expect(both["stderr"].string?.contains("gone.csv") == true)
    }

    // MARK: - Pictures

    @Test func `a plot that is saved comes once, and one that is shown becomes a file`() async throws {
        let saved = try await run(
            """
            import matplotlib.pyplot as plt
            plt.plot([1, 2, 3])
            plt.savefig('plot.png', dpi=150)
            plt.show()
            """)
        #expect(names(saved) == ["plot.png"], "\(saved)")
        let drawn = try await run(
            """
            import matplotlib.pyplot as plt
            plt.plot([1, 2, 3])
            plt.savefig('plot.svg')
            plt.show()
            """)
        #expect(names(drawn) == ["plot.png", "plot.svg"], "\(drawn)")
        let shown = try await run(
            """
            import matplotlib.pyplot as plt
            plt.plot([3, 2, 1])
            plt.show()
            plt.close()
            plt.plot([1, 3])
            plt.savefig('/tmp/elsewhere.png')
            """)
        #expect(names(shown) == ["figure-1.png", "figure-2.png"], "\(shown)")
        let picture = try await download(file("figure-1.png", of: shown))
        #expect(picture.status == 200 && picture.body.starts(with: [0x89, 0x50, 0x4e, 0x47]))
        // A figure never takes the place of a file that is there.
        let next = try await run(
            "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()", "py", ["files": references(shown)])
        #expect(names(next) == ["figure-3.png"])
        #expect(names(next, inherited: true) == ["figure-1.png", "figure-2.png"])
    }

    @Test func `pictures keep their pixels and lose all else, a drawing gets one beside it, a broken one is a file`()
        async throws
    {
        let answer = try await run(
            """
            from PIL import Image, PngImagePlugin
            note = PngImagePlugin.PngInfo()
            note.add_text('Comment', 'metadata' * 10)
            Image.new('RGB', (2500, 1200), 'red').save('large.png', pnginfo=note)
            open('drawing.svg', 'w').write('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="9" height="9"/></svg>')
            open('broken.png', 'wb').write(b'no picture at all')
            """)
        #expect(names(answer) == ["broken.png", "drawing.png", "drawing.svg", "large.png"], "\(answer)")
        #expect(answer["stderr"].string?.contains("broken.png") == true)
        let large = try await download(file("large.png", of: answer)).body
        #expect(large.range(of: Data("metadata".utf8)) == nil)
        #expect(large[16..<24].elementsEqual([0, 0, 0x09, 0xc4, 0, 0, 0x04, 0xb0]))
        #expect(try await download(file("broken.png", of: answer)).text == "no picture at all")
        #expect(try await download(file("drawing.svg", of: answer)).text.hasPrefix("<svg"))
    }

    // MARK: - Ends

    @Test func `what the program did is a 200 with words in stderr`() async throws {
        let failed = try await run("print('before')\nopen('a.txt', 'w').write('x')\n1 / 0")
        #expect(failed["stdout"] == "before\n" && failed["code"] == 1)
        let words = try #require(failed["stderr"].string)
        #expect(words.contains("ZeroDivisionError") && words.hasSuffix("[exit status 1]"))
        #expect(names(failed) == ["a.txt"])
        let exited = try await run("import sys; sys.exit(3)")
        #expect(exited["code"] == 3 && exited["stderr"] == "[exit status 3]", "\(exited)")
        let left = try await run("import sys; print(1); sys.exit()")
        #expect(left["code"] == 0 && left["stderr"] == "", "\(left)")
        let shell = try await run("echo out; cat /mnt/data/none; exit 4", "bash")
        #expect(shell["stdout"] == "out\n" && shell["code"] == 4)
        #expect(shell["stderr"].string?.hasSuffix("No such file or directory\n[exit status 4]") == true, "\(shell)")
        let unknown = try await run("fn main() {}", "rs")
        #expect(unknown["stderr"].string?.contains("py (Python)") == true && unknown["files"] == [])
    }

    @Test func `a time limit ends a program, and what it had done by then is there`() async throws {
        for (code, lang) in [
            ("import time\nprint('begun', flush=True)\nopen('a.txt', 'w').write('x')\ntime.sleep(100)", "py"),
            ("echo begun; echo x > a.txt; sleep 100", "bash"),
        ] {
            let answer = try await run(code, lang, ["timeout": 2000])
            #expect(answer["stdout"] == "begun\n" && answer["status"] == "TO" && answer["code"] == .null, "\(answer)")
            #expect(answer["stderr"].string?.contains("time limit") == true)
            #expect(names(answer) == ["a.txt"])
        }
    }

    @Test func `output may be long, is text whatever is in it, and hides what is hidden`() async throws {
        let long = try await run("head -c 100000 /dev/zero | tr '\\0' x; printf '\\xff\\n'; echo $PASSWORD", "bash")
        let text = try #require(long["stdout"].string)
        #expect(text.hasPrefix(String(repeating: "x", count: 100_000)) && text.contains("\u{fffd}"))
        #expect(!text.contains(Setup.hidden))
        let python = try await run("import os; print(os.environ['PASSWORD'])")
        #expect(
            python["stdout"].string?.contains("hidden") == true
                && python["stdout"].string?.contains(Setup.hidden) == false)
    }

    @Test func `a program gets its arguments`() async throws {
        let args: JSONTree = ["args": ["a b", "it's \"x\" \\"]]
        guard case .object(let more) = args else { return }
        #expect(
            try await run("import sys; print(sys.argv[1:])", "py", more)["stdout"] == "['a b', 'it\\'s \"x\" \\\\']\n")
        #expect(try await run("printf '%s\\n' \"$@\"", "bash", more)["stdout"] == "a b\nit's \"x\" \\\n")
        #expect(
            try await run("console.log(JSON.stringify(process.argv.slice(2)), process.cwd() !== '/')", "js", more)[
                "stdout"
            ]
            .string?.hasPrefix(#"["a b","it's \"x\" \\"]"#) == true)
    }

    // MARK: - Sessions

    @Test
    func `runs with one hint find each other's files, but not their variables, and share the sandbox of the session`()
        async throws
    {
        let hint: [String: JSONTree] = ["runtime_session_hint": "v2:conversation:0123456789abcdef0123456789abcdef"]
        let prepared = try await run("true", "bash", hint)
        #expect(prepared["runtime_status"] == "new" && prepared["stdout"] == "")
        let first = try await run("value = 1\nopen('state.txt', 'w').write('kept')\nopen('/tmp/x', 'w')", "py", hint)
        #expect(first["runtime_status"] == "reused" && names(first) == ["state.txt"])
        let second = try await run("print(open('/mnt/data/state.txt').read(), 'value' in globals())", "py", hint)
        #expect(second["stdout"] == "kept False\n" && names(second).isEmpty, "\(second)")
        #expect(second["runtime_session_id"] == first["runtime_session_id"])
        let action: JSONTree = [
            "action": "shell", "sessionId": "v2:conversation:0123456789abcdef0123456789abcdef",
            "command": "cat /mnt/data/state.txt",
        ]
        let same = try JSONTree(parsing: try await client().send("POST", "/e2bcode", body: try action.encoded()).body)
        #expect(same["output"].string?.contains("kept") == true, "\(same)")
        // The file tools of LibreChat are such programs.
        let written = try await run(
            "python3 - <<'EOF'\nimport base64, json\nopen('/mnt/data/made.txt', 'w').write(base64.b64decode('aGk=').decode())\nprint(json.dumps({'ok': True}))\nEOF",
            "bash", hint)
        #expect(written["stdout"] == "{\"ok\": true}\n" && names(written) == ["made.txt"])
        #expect(try await run("cat '/mnt/data/made.txt'", "bash", hint)["stdout"] == "hi")
    }

    @Test func `a hang-up ends the program and what it has started`() async throws {
        let hint: [String: JSONTree] = ["runtime_session_hint": "stopped"]
        let code = "touch /mnt/data/begun; (exec -a left-behind sleep 1000) & sleep 1000"
        let body: [String: JSONTree] = ["lang": "bash", "code": .text(code)]
        let request = try await client().start(
            "POST", "/v1/exec", body: try JSONTree.object(body.merging(hint) { $1 }).encoded())
        while try await run("ls", "bash", hint)["stdout"].string?.contains("begun") != true {
            try await Task.sleep(for: .milliseconds(50))
        }
        await request.stop()
        while try await run("pgrep -c sleep", "bash", hint)["stdout"] != "0\n" {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: - A round

    @Test func `upload, a run that reads and draws, download, metadata, deletion`() async throws {
        let boundary = "----round"
        let form =
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nuser\r\n--\(boundary)\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"sales.csv\"\r\nContent-Type: text/csv\r\n\r\n"
            + "month,sum\n1,10\n2,30\n3,20\n\r\n--\(boundary)--\r\n"
        let reply = try await client().send(
            "POST", "/v1/upload", body: Data(form.utf8), type: "multipart/form-data; boundary=\(boundary)")
        let upload = try JSONTree(parsing: reply.body)
        #expect(upload["message"] == "success", "\(upload)")
        let reference: JSONTree = .object([
            "id": upload["files"][0]["fileId"], "name": upload["files"][0]["filename"],
            "storage_session_id": upload["storage_session_id"], "kind": "user",
        ])
        let answer = try await run(
            """
            import pandas as pd, matplotlib.pyplot as plt
            frame = pd.read_csv('/mnt/data/sales.csv')
            print(frame['sum'].sum())
            frame.plot(x='month', y='sum')
            plt.savefig('/mnt/data/sales.png')
            """, "py", ["files": .list([reference])])
        #expect(answer["stdout"] == "60\n" && names(answer) == ["sales.png"], "\(answer)")
        #expect(names(answer, inherited: true) == ["sales.csv"])
        let picture = try file("sales.png", of: answer)
        let bytes = try await download(picture)
        #expect(bytes.status == 200 && bytes.body.starts(with: [0x89, 0x50, 0x4e, 0x47]))
        let path = "/v1/sessions/\(picture["storage_session_id"].string ?? "")/objects/\(picture["id"].string ?? "")"
        #expect(try await client().get(path).status == 200)
        #expect(try await client().send("DELETE", path).status == 200)
        #expect(try await client().get(path).status == 404)
    }
}
