import Foundation
import TestSupport
import Testing

private let secretValue = "s3cret/ü ?value"
/// Too short to be told from other text.
private let pinValue = "4711"

/// What an operator hides from the model: there for code and commands, and never in an answer.
@Suite(
    .sharedStack(environment: [
        "E2B_CODE_EV_SECRET_KEY": secretValue, "E2B_CODE_EV_PIN": pinValue,
    ]), .timeLimit(.minutes(10)))
struct HiddenVariableTests {
    /// The answer to an action, after a look whether the secret is in it.
    private func checked(_ answer: ActionAnswer, _ comment: String = "") -> ActionAnswer {
        #expect(!answer.text.contains("s3cret"), "\(comment) \(answer)")
        return answer
    }

    @Test func `they are there for code and commands, and masked in what these print`() async throws {
        try await SharedStack.client.withSession { session in
            let code = """
                import os
                secret = os.environ['SECRET_KEY']
                print(len(secret.encode()), secret, f'<{secret}{secret}>', os.environ['PIN'])
                """
            let count = secretValue.utf8.count
            #expect(
                try await checked(session("execute", ["code": .text(code)])).stdout
                    == "\(count) [hidden:SECRET_KEY] <[hidden:SECRET_KEY][hidden:SECRET_KEY]> 4711\n")
            #expect(
                try await checked(
                    session("shell", ["command": #"echo "$SECRET_KEY" >&2; printf %s "$SECRET_KEY" | wc -c"#])
                )
                .json
                    == [
                        "sessionId": .text(session.id), "success": true, "output": "\(count)\n",
                        "error": "[hidden:SECRET_KEY]\n", "exitCode": 0,
                    ])
            for action in ["command_run", "shell"] {
                let key = action == "shell" ? "command" : "cmd"
                let answer = try await checked(session(action, [key: "env"]), action)
                #expect(answer.text.contains("SECRET_KEY=[hidden:SECRET_KEY]"))
            }
        }
    }

    @Test func `they are masked in values, displays, tracebacks and the content of a tool`() async throws {
        try await SharedStack.client.withSession { session in
            let code = """
                import os
                from IPython.display import display, Markdown
                display(Markdown('# ' + os.environ['SECRET_KEY']))
                display({'text/html': '<b>' + os.environ['SECRET_KEY']}, raw=True)
                display({'application/json': {'key ' + os.environ['SECRET_KEY']: os.environ['SECRET_KEY']}}, raw=True)
                print('\\x1b[31ms3c\\x1b[0mret/ü ?value')
                raise KeyError(os.environ['SECRET_KEY'])
                """
            let answer = try await checked(session("execute", ["code": .text(code)]))
            #expect(answer["error"]["value"] == "'[hidden:SECRET_KEY]'", "\(answer)")
            #expect(answer.stdout == "[hidden:SECRET_KEY]\n")
            #expect(answer["results"].list?.count == 3, "\(answer)")
            let value = try await checked(session("execute", ["code": "dict(os.environ)"]))
            #expect(value.output.contains("'SECRET_KEY': '[hidden:SECRET_KEY]'"))
            let request: JSONTree = [
                "action": "execute", "sessionId": .text(session.id), "format": "content",
                "code": "print(os.environ['SECRET_KEY'])\nos.environ['SECRET_KEY']",
            ]
            let reply = try await SharedStack.client.send("POST", "/e2bcode", body: request.encoded())
            #expect(!reply.text.contains("s3cret"))
            let text = try ToolAnswer(reply).text
            #expect(text.hasPrefix("**Console Output:**\n```\n[hidden:SECRET_KEY]\n```"))
            #expect(text.contains("**Results:**\n```\n[hidden:SECRET_KEY]\n```"))
        }
    }

    @Test func `a value in two pieces of output is masked`() async throws {
        try await SharedStack.client.withSession { session in
            let code = """
                import os, sys, time
                for stream in (sys.stdout, sys.stderr):
                    print(os.environ['SECRET_KEY'][:5], end='', file=stream, flush=True)
                    time.sleep(0.3)
                    print(os.environ['SECRET_KEY'][5:], file=stream, flush=True)
                """
            let redacted: JSONTree = ["stdout": "[hidden:SECRET_KEY]\n", "stderr": "[hidden:SECRET_KEY]\n"]
            let answer = try await checked(session("execute", ["code": .text(code)]))
            #expect(answer["logs"] == redacted, "\(answer)")
            // In the middle of its ü, which is two bytes.
            let command = #"printf %s "$SECRET_KEY" | head -c 8; sleep 0.3; printf %s "$SECRET_KEY" | tail -c +9"#
            #expect(try await checked(session("shell", ["command": .text(command)])).output == "[hidden:SECRET_KEY]")
        }
    }

    @Test func `a value where an output is cut is masked, at both ends of the cut`() async throws {
        try await SharedStack.client.withSession { session in
            // Across the last character that is shown of the beginning, and the first of the end.
            for (before, after) in [(1995, 20_000), (20_000, 5995)] {
                let code = "print('a' * \(before) + os.environ['SECRET_KEY'] + 'b' * \(after), end='')"
                let answer = try await checked(session("execute", ["code": .text("import os\n\(code)")]))
                #expect(answer.stdout.contains("characters left out here"))
            }
        }
    }

    @Test func `they are masked in files, names of processes and paths`() async throws {
        try await SharedStack.client.withSession { session in
            _ = try await session.shell(
                #"printf 'key: %s.' "$SECRET_KEY" > text; printf '\xff%s' "$SECRET_KEY" > binary"#)
            let text = try await checked(session("read_file", ["filePath": "text"]))
            #expect(text["content"] == "key: [hidden:SECRET_KEY].")
            // Bytes are not altered: they are shown as they are, or not at all.
            for (file, encoding) in [("text", "base64"), ("binary", "base64"), ("binary", "utf-8")] {
                let answer = try await checked(
                    session("read_file", ["filePath": .text(file), "encoding": .text(encoding)]))
                #expect(
                    answer.error.hasPrefix("\(file) holds the value of the hidden variable SECRET_KEY: "),
                    "\(answer)")
                #expect(answer["content"].string == nil)
            }
            // Paths, commands and ids that the model was made to say.
            let secret = JSONTree.text(secretValue)
            let started = try await checked(
                session("shell", ["command": .text("sleep 60 # \(secretValue)"), "background": true]))
            let pid = JSONTree.number(Double(started["commandId"].string ?? "") ?? 0)
            let info = try await checked(session("processinfo", ["pid": pid]))
            #expect(info["process"]["args"][2] == "sleep 60 # [hidden:SECRET_KEY]", "\(info)")
            _ = try await checked(session("command_list"))
            let missing = try await checked(session("read_file", ["filePath": secret]))
            #expect(missing.error == "There is no file [hidden:SECRET_KEY] in the sandbox.", "\(missing)")
            _ = try await checked(
                session("write_file", ["filePath": .text("/usr/\(secretValue)"), "fileContent": "a"]))
            _ = try await checked(session("shell", ["command": "pwd", "cwd": .text("/tmp/\(secretValue)")]))
            _ = try await checked(session("write_file", ["filePath": secret, "fileContent": "a"]))
            let link = try await checked(session("get_file_downloadurl", ["filePath": secret]))
            #expect(link["message"] == "Download URL generated for [hidden:SECRET_KEY]", "\(link)")
            _ = try await checked(session("install", ["code": .text("s3cret/ü"), "packages": [secret]]))
            _ = try await checked(session("create", ["template": secret]))
            let stranger = try SharedStack.client.session(secretValue)
            _ = try await checked(stranger("read_file", ["filePath": "a"]))
            _ = try await checked(stranger(secretValue))
        }
    }

    @Test func `they are masked as programs write them`() async throws {
        try await SharedStack.client.withSession { session in
            let code = """
                import base64, html, json, os, shlex, unicodedata, urllib.parse
                key = os.environ['SECRET_KEY']
                print(json.dumps({'key': key}).replace('/', '\\\\/'), ascii(key), key.encode(), shlex.quote(key))
                print(urllib.parse.quote_plus(key).lower(), html.escape(key).encode('ascii', 'xmlcharrefreplace').decode())
                print(unicodedata.normalize('NFD', key), key.encode().hex(), list(key.encode()))
                for user in 'a', 'ab', 'abc': print(base64.b64encode(f'{user}:{key}'.encode()).decode())
                raise type(key.encode().hex(), (Exception,), {})(urllib.parse.quote(key, safe=''))
                """
            let answer = try await checked(session("execute", ["code": .text(code)]))
            let text = answer.text.lowercased()
            // What of the value is the same in most of these forms, or in base64.
            for piece in ["3cret", "?value", "%3fvalue", "7333", "51, 99", "czny", "nnjcmv", "zm2ny"] {
                #expect(!text.contains(piece), "\(piece): \(answer)")
            }
            #expect(answer["error"]["name"] == "[hidden:SECRET_KEY]", "\(answer)")
            for command in [
                "export -p", #"printf '%q\n' "$SECRET_KEY""#, #"printf %s "k: $SECRET_KEY" | base64 -w 8"#, "set",
            ] {
                let output = try await checked(session("shell", ["command": .text(command)]), command).output
                #expect(output.contains("[hidden:SECRET_KEY]") && !output.contains("?value"), "\(output)")
            }
        }
    }

    @Test func `they are masked in the log`() async throws {
        let stack = try #require(SharedStack.current)
        // What another web server may let through.
        for (method, path) in [
            (secretValue, "/"), ("GET", "/\(secretValue)"), ("GET", "/s3cret%2F%C3%BC%20%3Fvalue"),
            ("GET", "/s3cret/ü "), ("GET", "/" + String(repeating: "x", count: 190) + secretValue),
        ] {
            let web = try WebServer(unix: stack.socket)
            try await web.send([
                "REQUEST_METHOD": method, "DOCUMENT_URI": path, "REMOTE_ADDR": "127.0.0.1",
                "QUERY_STRING": path.hasSuffix(" ") ? "value" : "",
            ])
            _ = await web.answer()
        }
        // Each comes a moment after its answer.
        try await stack.responder.wait(for: "the log lines") {
            ["/xxxxxx", #""path":"/[hidden:SECRET_KEY]""#, #""method":"[hidden:SECRET_KEY]""#]
                .allSatisfy(stack.responder.log.contains)
        }
        #expect(!stack.responder.log.contains("s3cret"), "\(stack.responder.log)")
    }

    @Test func `a variable of the request wins over a hidden one of its name`() async throws {
        try await SharedStack.client.withSession(["envs": ["SECRET_KEY": "of the request"]]) { session in
            let values = try await session.shell("printenv SECRET_KEY PIN")
            #expect(values == "of the request\n4711\n")
        }
    }

    @Test func `values too short to be masked are named at the start, without their value`() async throws {
        let log = try #require(SharedStack.current).responder.log
        #expect(log.contains("too short to be masked in answers: E2B_CODE_EV_PIN\""), "\(log)")
        #expect(!log.contains(pinValue) && !log.contains("s3cret"))
    }

    @Test(arguments: ["it's", "a\"b", "a\\b", "two\nlines"])
    func `a value that would break code is refused at the start, by name`(value: String) async throws {
        let stack = try #require(SharedStack.current)
        let environment = stack.environment.merging(["E2B_CODE_EV_TOKEN": "secret\(value)"]) { $1 }
        let responder = try await ChildProcess(
            Binaries.responder, ["--listen", "unix:\(stack.folder.path)/refused"], environment: environment,
            in: stack.folder)
        let exit = await responder.ended()
        #expect(exit != .status(0))
        #expect(responder.log.contains("E2B_CODE_EV_TOKEN: its value has a quote"), "\(responder.log)")
        #expect(!responder.log.contains("secret"))
    }
}
