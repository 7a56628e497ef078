import Foundation
import TestSupport
import Testing

/// Programs as models write them: each runs as it stands.
@Suite(.sharedStack, .timeLimit(.minutes(10)))
struct ProgramTests {
    private func text(_ code: String, _ more: [String: any Sendable] = [:]) async throws -> String {
        let reply = try await SharedStack.client.execute(code, more)
        #expect(reply.status == 200)
        let text = try ToolAnswer(reply).text
        return text.components(separatedBy: "\n\n**Executed Code:**")[0]
    }

    // MARK: - Nothing stands before the program

    @Test(arguments: [
        (
            "(async () => {\n  console.log('answer', await Promise.resolve(42));\n})();",
            "**Console Output:**\n```\nanswer 42\n```"
        ),
        ("-5 + 3", "**Results:**\n```\n-2\n```"), ("[1, 2].map((x) => x * 2)", "**Results:**\n```\n[ 2, 4 ]\n```"),
        ("`a${1}`", "**Results:**\n```\na1\n```"), ("/b/.test('abc')", "**Results:**\n```\ntrue\n```"),
        ("#!/usr/bin/env node\nconsole.log(1)", "**Console Output:**\n```\n1\n```"), ("const x = 1;", ""),
    ])
    func `JavaScript means what its first line says`(code: String, shown: String) async throws {
        for envs in [[:], ["NAME": "it's \"x\""]] {
            let text = try await text(code, ["language": "javascript", "envs": envs])
            #expect(text == shown || shown.isEmpty && text.hasPrefix("**Executed Code:**"), "\(text)")
        }
    }

    @Test func `a cell magic is on the first line`() async throws {
        #expect(try await text("%%bash\necho hi $E2B_SANDBOX").contains("hi true"))
        #expect(try await text("%%time\nprint(499500)").contains("499500\n"))
    }

    @Test func `a traceback has the program's lines alone, and not the value of a variable`() async throws {
        let text = try await text("total = 1\ntotal / 0", ["envs": ["PASSWORD": "example-not-a-secret-1"]])
        #expect(text.contains("----> 2 total / 0") && !text.contains("E2B_") && !text.contains("example"), "\(text)")
    }

    @Test func `variables of one call are gone after it, in every language and whatever it did`() async throws {
        try await SharedStack.client.withSession(["envs": ["BOTH": "session"]]) { session in
            for (language, code, none) in [
                ("python", "import os; print(os.environ.get('ONCE'), os.environ['BOTH'])", "None"),
                ("javascript", "console.log(process.env.ONCE, process.env.BOTH)", "undefined"),
                ("typescript", "console.log(process.env.ONCE, process.env.BOTH)", "undefined"),
                ("bash", "echo ${ONCE-unset} $BOTH", "unset"),
            ] as [(String, JSONTree, String)] {
                func run(_ envs: JSONTree) async throws -> String {
                    try await session("execute", ["code": code, "language": .text(language), "envs": envs]).stdout
                }
                #expect(try await run(["ONCE": "it's \"so\" \\", "BOTH": "call"]) == "it's \"so\" \\ call\n")
                #expect(try await run([:]) == "\(none) session\n")
            }
            let stopped = try await session(
                "execute", ["code": "import time; time.sleep(60)", "envs": ["ONCE": "1"], "timeoutMs": 1500])
            #expect(!stopped.isSuccess)
            #expect(try await session.python("import os; print(os.environ.get('ONCE'))") == "None\n")
            // A shell that has ended is another one, with the session's variables.
            _ = try await session("execute", ["code": "exit 3", "language": "bash"])
            let next = try await session("execute", ["code": "echo $BOTH", "language": "bash"])
            #expect(next.stdout == "session\n", "\(next)")
        }
    }

    // MARK: - Promises and imports

    @Test(arguments: [
        (
            "const wait = (n) => new Promise((r) => setTimeout(r, n));\nasync function main() { await wait(200); console.log('done'); }\nmain().catch(console.error);",
            "**Console Output:**\n```\ndone\n```"
        ),
        ("Promise.resolve([6 * 7])", "**Results:**\n```\n[ 42 ]\n```"),
        ("(async () => { throw new TypeError('no'); })()", "**Execution Error:**\n```\nTypeError: no"),
        ("Promise.reject(new Error('later')); 1", "**Errors:**\n```\nUncaught Error: later"),
        ("`\nimport x from 'y'\nimport('z')`", "**Results:**\n```\n\\nimport x from 'y'\\nimport('z')\n```"),
        ("// import('x')\nconst t = `${(await import('node:path')).sep}`; t", "**Results:**\n```\n/\n```"),
    ])
    func `a promise as the last value is awaited, and text is no import`(code: String, shown: String) async throws {
        let text = try await text(code, ["language": "javascript"])
        #expect(text.hasPrefix(shown), "\(text)")
    }

    // MARK: - What programs find

    @Test func `/mnt/data is a place to write, and python is a command`() async throws {
        let code = """
            import subprocess
            open('/mnt/data/a.txt', 'w').write('here')
            print(open('/home/user/a.txt').read(), subprocess.check_output(['python', '-c', 'print(6 * 7)'], text=True))
            """
        #expect(try await text(code).contains("here 42\n"))
    }

    @Test func `a loop that runs already is told of with what to write`() async throws {
        #expect(
            try await text("import asyncio\nasync def main(): pass\nasyncio.run(main())").contains(
                "Write `await main()`"))
    }

    @Test func `characters without a font are one line`() async throws {
        let code = "import matplotlib.pyplot as plt\nplt.title('\\u6570\\u636e\\u53ef\\U0001f600')\nplt.show()"
        let answer = try ToolAnswer(await SharedStack.client.execute(code))
        #expect(answer.images.count == 1)
        let lines = answer.text.components(separatedBy: "\n").filter { $0.contains("font") }
        #expect(lines.count <= 1 && !answer.text.contains("missing from"), "\(answer.text)")
    }

    @Test func `a language that the template lacks is an answer that says so`() async throws {
        let reply = try await SharedStack.client.execute("1", ["language": "java"])
        #expect(reply.status == 200)
        #expect(try ToolAnswer(reply).text.contains("has no kernel for Java"))
    }

    @Test func `a picture that is printed in base64 is shown, and the same one is shown once`() async throws {
        let code = """
            import base64, io
            from PIL import Image
            file = io.BytesIO()
            Image.effect_noise((60, 60), 90).save(file, "PNG")
            print("data:image/png;base64," + base64.b64encode(file.getvalue()).decode())
            print(base64.encodebytes(file.getvalue()).decode())
            """
        let answer = try ToolAnswer(await SharedStack.client.execute(code))
        #expect(answer.images.count == 1 && answer.images.first?.pngSize?.width == 60)
        #expect(answer.text.contains("it is shown as a picture]") && !answer.text.contains("iVBOR"), "\(answer.text)")
    }

    @Test func `a bar is what it was in the end, from a program and from a command`() async throws {
        let bar = "import sys\nfor i in range(301): sys.stderr.write(f'\\rtrain {i}/300'); sys.stderr.flush()"
        #expect(try await text(bar).hasPrefix("**Errors:**\n```\ntrain 300/300\n```"))
        let command = #"for i in 1 2 3; do printf '\r%s%%' $i; done; printf '\r\033[Kend\n'"#
        try await SharedStack.client.withSession { session in
            let shown = try await session.shell(command)
            #expect(shown == "end\n")
        }
    }
}
