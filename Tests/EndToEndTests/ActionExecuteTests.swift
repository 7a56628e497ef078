import Foundation
import TestSupport
import Testing

extension ActionTests {
    /// `execute`: code in kernels that live as long as their session.
    @Suite(.timeLimit(.minutes(10)))
    struct ActionExecuteTests {
        @Test func `what code defines is there for the next call, in each language apart`() async throws {
            try await SharedStack.client.withSession { session in
                let steps: [(language: String, code: String, stdout: String)] = [
                    ("python", "import math\nx = math.floor(1.5)", ""), ("javascript", "var x = 'js'", ""),
                    ("bash", "x=bash", ""), ("python", "print(x + math.floor(1.5))", "2\n"),
                    ("javascript", "console.log(x)", "js\n"), ("bash", "echo $x", "bash\n"),
                    ("shell", "echo $x", "bash\n"),
                    ("typescript", "const y: number = 6 * 7; console.log(y)", "42\n"),
                ]
                for step in steps {
                    let answer = try await session(
                        "execute", ["code": .text(step.code), "language": .text(step.language)])
                    #expect(answer.isSuccess && answer.stdout == step.stdout, "\(step): \(answer)")
                }
            }
        }

        @Test func `two executions of a session at the same time run one after the other`() async throws {
            let stack = try #require(SharedStack.current)
            try await stack.withResponder { other in
                try await stack.client.withSession { session in
                    _ = try await session.python("import time\nspans = []")
                    let code = """
                        start = time.monotonic()
                        time.sleep(0.3)
                        spans.append((start, time.monotonic()))
                        print('done')
                        """
                    let elsewhere = other.client.session(session.id)
                    async let first = session.python(code)
                    async let second = session.python(code)
                    async let third = elsewhere.python(code)
                    #expect(try await [first, second, third] == ["done\n", "done\n", "done\n"])
                    let check = "print(len(spans), all(a[1] <= b[0] for a, b in zip(sorted(spans), sorted(spans)[1:])))"
                    #expect(try await session.python(check) == "3 True\n")
                }
            }
        }

        @Test func `an execution that was cancelled does not harm the next one`() async throws {
            try await SharedStack.client.withSession { session in
                _ = try await session.python("kept = 'kept'\nimport pathlib, time")
                for (round, pause) in [0, 20, 50, 100].enumerated() {
                    let code = "pathlib.Path('/tmp/begun-\(round)').touch()\ntime.sleep(60)\nkept = 'lost'"
                    let request = try await SharedStack.client.start(
                        "POST", "/e2bcode",
                        body: JSONTree.object([
                            "action": "execute", "sessionId": .text(session.id), "code": .text(code),
                        ]).encoded())
                    try await request.wait(for: "the code to begin") {
                        try await session("shell", ["command": "test -e /tmp/begun-\(round)"]).isSuccess
                    }
                    request.signal(SIGKILL)
                    await request.ended()
                    try await Task.sleep(for: .milliseconds(pause))
                    let answer = try await session("execute", ["code": "print(kept)"])
                    #expect(answer.isSuccess && answer.stdout == "kept\n", "after \(pause) ms: \(answer)")
                }
            }
        }

        @Test func `an execution over its time limit keeps what it printed and does not harm the next one`()
            async throws
        {
            try await SharedStack.client.withSession { session in
                _ = try await session.python("kept = 'kept'\nimport time")
                for _ in 1...2 {
                    let late = try await session(
                        "execute", ["code": "print('begun', flush=True)\ntime.sleep(60)\nkept = 0", "timeoutMs": 2700])
                    #expect(!late.isSuccess && late.stdout == "begun\n", "\(late)")
                    #expect(late["error"]["value"].string?.contains("time limit of 2.7 seconds") == true, "\(late)")
                    #expect(try await session.python("print(kept)") == "kept\n")
                }
                #expect(
                    try await session("execute", ["code": "1", "timeoutMs": 86_400_000]).error
                        == "`timeoutMs` must be at most 300000. For what takes longer use `background`.")
            }
        }

        @Test func `an exception is told whole, with what was printed before it`() async throws {
            try await SharedStack.client.withSession { session in
                let answer = try await session(
                    "execute", ["code": "import sys\nprint('out')\nprint('err', file=sys.stderr)\n{}['missing']"])
                let traceback = try #require(answer["error"]["traceback"].string)
                #expect(
                    answer.json
                        == [
                            "sessionId": .text(session.id), "success": false, "output": "",
                            "logs": ["stdout": "out\n", "stderr": "err\n"],
                            "error": ["name": "KeyError", "value": "'missing'", "traceback": .text(traceback)],
                            "results": [], "images": [],
                        ])
                #expect(
                    traceback.contains("{}['missing']") && traceback.hasSuffix("KeyError: 'missing'"), "\(traceback)")
                #expect(!traceback.contains("\u{1B}"))
                // The kernel is none the worse.
                #expect(try await session.python("print('on')") == "on\n")
            }
        }

        @Test func `an exit is told in words`() async throws {
            try await SharedStack.client.withSession { session in
                let shell = try await session("execute", ["language": "bash", "code": "echo out; exit 3"])
                #expect(shell["logs"]["stdout"].string?.hasPrefix("out\n") == true, "\(shell)")
                #expect(shell["error"]["value"] == "Exit code 3", "\(shell)")
                let kernel = try await session("execute", ["code": "import os\nos._exit(1)"])
                #expect(kernel["error"]["name"] == "ContextRestarting", "\(kernel)")
                #expect(kernel["error"]["value"].string?.contains("process that ran the code died") == true)
                #expect(try await session.python("print('on')") == "on\n")
            }
        }

        @Test func `values are shown in the form that reads best`() async throws {
            try await SharedStack.client.withSession { session in
                let code = """
                    import pandas
                    from IPython.display import display, Markdown, Latex, HTML
                    display(Markdown('**bold**'))
                    display(Latex('$x^2$'))
                    display(HTML('<b>bold</b>'))
                    pandas.DataFrame({'a': [1, 2], 'b': ['x', 'y']})
                    """
                let answer = try await session("execute", ["code": .text(code)])
                #expect(answer["output"] == "   a  b\n0  1  x\n1  2  y", "\(answer)")
                #expect(
                    answer["results"]
                        == [
                            ["type": "markdown", "markdown": "**bold**"],
                            ["type": "latex", "latex": "$x^2$"], ["type": "text", "text": "bold"],
                            ["type": "text", "text": "   a  b\n0  1  x\n1  2  y"],
                        ])
                let value = try await session("execute", ["code": "{'six': 6, 'seven': 7}"])
                #expect(
                    value.json
                        == [
                            "sessionId": .text(session.id), "success": true, "output": "{'six': 6, 'seven': 7}",
                            "logs": ["stdout": "", "stderr": ""], "error": nil,
                            "results": [["type": "text", "text": "{'six': 6, 'seven': 7}"]], "images": [],
                        ])
            }
        }

        private static let plot = """
            import matplotlib.pyplot as plt
            plt.plot([1, 4, 9])
            plt.show()
            print('drawn')
            """

        @Test func `images are listed, and their bytes are not in the answer`() async throws {
            try await SharedStack.client.withSession { session in
                let answer = try await session("execute", ["code": .text(Self.plot)])
                let image = answer["images"][0]
                #expect(answer["images"].list?.count == 1)
                #expect(Set(image.members?.keys ?? [:].keys) == ["mimeType", "width", "height", "bytes"])
                #expect(image["mimeType"] == "image/png" && (300...2000).contains(image["width"].integer ?? 0))
                #expect((1000...100_000).contains(image["bytes"].integer ?? 0))
                #expect(answer.isSuccess && answer.stdout == "drawn\n")
                #expect(
                    !answer.text.contains("base64") && !answer.text.contains("iVBOR") && answer.text.utf8.count < 1000)
            }
        }

        @Test func `images come along where the content of a tool is asked for`() async throws {
            try await SharedStack.client.withSession { session in
                let request: JSONTree = [
                    "action": "execute", "sessionId": .text(session.id), "code": .text(Self.plot), "format": "content",
                ]
                let reply = try await SharedStack.client.send("POST", "/e2bcode", body: request.encoded())
                let answer = try ToolAnswer(reply)
                #expect(reply.status == 200 && answer.text.hasPrefix("**Console Output:**\n```\ndrawn\n```\n\n"))
                #expect(answer.images.count == 1)
                let image = try #require(answer.images.first)
                #expect(image.mimeType == "image/png" && image.bytes.suffix(8).prefix(4).elementsEqual("IEND".utf8))
                #expect((300...2000).contains(image.pngSize?.width ?? 0))
            }
        }

        @Test func `envs last for their execution`() async throws {
            try await SharedStack.client.withSession(["envs": ["KEPT": "always", "BOTH": "session"]]) { session in
                let code: JSONTree = "import os\nprint(*(os.environ.get(n) for n in ('KEPT', 'BOTH', 'ONCE')))"
                let envs: JSONTree = ["BOTH": "it's \"this\" \\ call\nonly", "ONCE": "once"]
                let answer = try await session("execute", ["code": code, "envs": envs])
                #expect(answer.stdout == "always it's \"this\" \\ call\nonly once\n", "\(answer)")
                #expect(try await session("execute", ["code": code]).stdout == "always session None\n")
            }
        }
    }
}
