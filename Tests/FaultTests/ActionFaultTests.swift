import Foundation
import TestSupport
import Testing

/// E2B fails at each step of each action and in each way. The model is told in words; the session goes on.
@Suite(
    .sharedStack(environment: ["E2B_FCGI_E2B_TIMEOUT": "20", "E2B_CODE_EV_TOKEN": "s3cret-value"], faults: true),
    .serialized, .timeLimit(.minutes(10)))
struct ActionFaultTests {
    /// A step of E2B's, and an action that takes it in a session that is known.
    struct Step: CustomTestStringConvertible, Sendable {
        let name: String
        let action: String
        var parameters: [String: any Sendable] = [:]
        /// Statuses that are no failure here.
        var harmless: Set<Int> = []
        /// Of the control API: 503 and 504 say that waiting helps.
        var isControl = false
        var testDescription: String { "\(name) of \(action)" }
    }

    private static let steps = [
        Step(name: "create", action: "create", parameters: ["sessionId": "new"], isControl: true),
        Step(name: "list", action: "create", parameters: ["sessionId": "new"], isControl: true),
        Step(name: "list", action: "list_sandboxes", isControl: true),
        Step(name: "list", action: "kill", isControl: true),
        Step(name: "kill", action: "kill", harmless: [404], isControl: true),
        // One that E2B no longer knows is made anew.
        Step(name: "connect", action: "create", harmless: [404], isControl: true),
        Step(name: "timeout", action: "set_timeout", parameters: ["timeout": 5], isControl: true),
        Step(name: "info", action: "kill", parameters: ["sandboxId": "i0"], harmless: [404], isControl: true),
        Step(name: "process-start", action: "shell", parameters: ["command": "true"]),
        Step(name: "process-start", action: "shell", parameters: ["command": "true", "background": true]),
        Step(name: "process-start", action: "command_run", parameters: ["cmd": "true"]),
        Step(name: "process-start", action: "install", parameters: ["code": "x"]),
        Step(name: "process-start", action: "system_install", parameters: ["packages": ["x"]]),
        Step(
            name: "process-start", action: "start_server",
            parameters: ["cmd": "true", "port": 80, "logFile": "/tmp/log"]),
        Step(name: "process-list", action: "command_list"),
        Step(name: "process-list", action: "processinfo", parameters: ["pid": 1]),
        Step(name: "process-list", action: "kill_command", parameters: ["commandId": "1"]),
        Step(name: "file-write", action: "write_file", parameters: ["filePath": "/tmp/x", "fileContent": "x"]),
        Step(name: "file-read", action: "read_file", parameters: ["filePath": "/etc/passwd"]),
        Step(name: "file-stat", action: "get_file_downloadurl", parameters: ["filePath": "/etc/passwd"]),
        Step(name: "execute", action: "execute", parameters: ["code": "1"]),
    ]

    /// First: the responder looks for what such a create may have made for half a minute, also when it stops.
    @Test(arguments: ["create:reset", "create:status=201,body={}", "create:status=201,body=nonsense"])
    func `a create that breaks is told`(rule: String) async throws {
        let stack = try await stackWithSession()
        try await stack.set(faults: rule)
        let told = try await stack.client.ask("create", ["sessionId": "new"])
        try await stack.set(faults: "")
        told.expectFailure("creating the sandbox")
        try await expectLife(stack)
    }

    @Test(arguments: steps, [401, 403, 404, 429, 500, 502, 503, 504])
    func `a status of E2B is told, and the session goes on`(step: Step, status: Int) async throws {
        let stack = try await stackWithSession()
        // That there is no such file needs no words of E2B's.
        let words = status == 404 && ["file-read", "file-stat"].contains(step.name) ? "no file" : "E2B's words"
        try await stack.set(faults: "\(step.name):status=\(status),message=E2B's words s3cret-value")
        let told = try await stack.client.ask(step.action, step.parameters)
        let isLate = status == 429 || step.isControl && [503, 504].contains(status)
        if step.harmless.contains(status) {
            #expect(told.isSuccess, "\(told.text)")
        } else if isLate {
            told.expectFailure(words, status: status == 429 ? 429 : 503, retryAfter: "10")
            try await stack.set(
                faults: "\(step.name):status=\(status),retry-after=7,message=Slow down")
            let late = try await stack.client.ask(step.action, step.parameters)
            late.expectFailure("Slow down", status: status == 429 ? 429 : 503, retryAfter: "7")
        } else {
            told.expectFailure(words)
        }
        try await stack.set(faults: "")
        #expect(!told.text.contains("s3cret") && !told.text.contains(stack.environment["E2B_API_KEY"] ?? "?"))
        try await expectLife(stack)
    }

    @Test(arguments: [401, 403, 404, 429, 500, 502, 503, 504])
    func `a status for the look-up of a session is told`(status: Int) async throws {
        let stack = try await stackWithSession()
        // So that this responder no longer knows it, as if it came from another one.
        try await stack.set(faults: "kill:status=404")
        #expect(try await stack.client.ask("kill").isSuccess)
        try await stack.set(faults: "info:status=\(status),message=E2B's words")
        let told = try await stack.client.ask("shell", ["command": "true"])
        try await stack.set(faults: "")
        switch status {
        case 404: told.expectFailure("No sandbox found for sessionId s.")
        case 429: told.expectFailure("E2B's words", status: 429, retryAfter: "10")
        case 503, 504: told.expectFailure("E2B's words", status: 503, retryAfter: "10")
        default: told.expectFailure("E2B's words")
        }
        try await expectLife(stack)
    }

    @Test(arguments: [401, 403, 404, 429, 500, 502, 503, 504])
    func `a status for a signal is told`(status: Int) async throws {
        let stack = try await stackWithSession()
        let started = try await stack.client.ask("shell", ["command": "sleep 60", "background": true])
        let commandID = try #require(started["commandId"] as? String, "\(started.text)")
        try await stack.set(faults: "process-signal:status=\(status),message=E2B's words")
        let told = try await stack.client.ask("kill_command", ["commandId": commandID])
        try await stack.set(faults: "")
        switch status {
        // It ended meanwhile.
        case 404: #expect(told.isSuccess, "\(told.text)")
        case 429: told.expectFailure("E2B's words", status: 429, retryAfter: "10")
        default: told.expectFailure("E2B's words")
        }
        #expect(try await stack.client.ask("kill_command", ["commandId": commandID]).isSuccess)
        try await stack.waitForNoCommands()
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let rule: String
        let action: String
        var parameters: [String: any Sendable] = [:]
        var words: [String] = []
        var testDescription: String { "\(rule) of \(action)" }
    }

    private static let shell: [String: any Sendable] = ["command": "printf first; sleep 0.2; printf second"]
    private static let code: [String: any Sendable] = [
        "code": "print('first', flush=True); import time; time.sleep(0.2)"
    ]
    private static let read: [String: any Sendable] = ["filePath": "/etc/passwd"]

    @Test(
        arguments: [
            Fault(rule: "list:reset", action: "list_sandboxes"), Fault(rule: "list:body={}", action: "list_sandboxes"),
            Fault(rule: "list:garbage", action: "list_sandboxes"),
            Fault(rule: "timeout:reset", action: "set_timeout", parameters: ["timeout": 5]),
            Fault(rule: "connect:status=200,body=[]", action: "create"),
            // As envd's authentication says it, and E2B's edge.
            Fault(
                rule:
                    #"process-start:status=401,body={"code":401%2C"message":"unauthorized%2C please provide a valid token"}"#,
                action: "shell", parameters: shell, words: ["unauthorized, please provide a valid token"]),
            Fault(
                rule: "process-start:rpc=unauthenticated,message=invalid username: 'nobody'", action: "shell",
                parameters: shell, words: ["invalid username: 'nobody'"]),
            Fault(
                rule: "process-start:rpc=unavailable,message=not now", action: "shell", parameters: shell,
                words: ["not now"]),
            Fault(
                rule: "process-start:rpc=internal,message=oops", action: "command_run", parameters: ["cmd": "true"],
                words: ["oops"]),
            Fault(rule: "process-start:closed", action: "shell", parameters: shell, words: ["port is not open"]),
            Fault(rule: "process-start:reset", action: "shell", parameters: shell, words: ["starting the command"]),
            Fault(rule: "process-start:garbage", action: "shell", parameters: shell, words: ["starting the command"]),
            Fault(rule: "process-start:cut=0", action: "shell", parameters: shell, words: ["ended early"]),
            Fault(rule: "process-start:cut=3", action: "shell", parameters: shell, words: ["ended early"]),
            Fault(rule: "process-start:cut=20", action: "shell", parameters: shell, words: ["ended early"]),
            Fault(rule: "process-start:cut=60", action: "shell", parameters: shell, words: ["ended early"]),
            Fault(
                rule: "process-start:cut=0", action: "shell", parameters: ["command": "true", "background": true],
                words: ["ended early"]),
            Fault(rule: "process-list:garbage", action: "command_list", words: ["listing the commands"]),
            Fault(rule: "process-list:rpc=unavailable,message=not now", action: "command_list", words: ["not now"]),
            Fault(rule: "process-list:reset", action: "command_list", words: ["listing the commands"]),
            Fault(rule: "file-read:reset", action: "read_file", parameters: read, words: ["reading the file"]),
            Fault(rule: "file-read:cut=5", action: "read_file", parameters: read, words: ["reading the file"]),
            Fault(
                rule: #"file-read:status=401,body={"code":401%2C"message":"who are you"}"#, action: "read_file",
                parameters: read, words: ["who are you"]),
            Fault(
                rule: "file-write:reset", action: "write_file", parameters: ["filePath": "/tmp/x", "fileContent": "x"],
                words: ["writing the file"]),
            Fault(
                rule: "file-write:status=507,message=not enough disk space available", action: "write_file",
                parameters: ["filePath": "/tmp/x", "fileContent": "x"], words: ["not enough disk space"]),
            Fault(
                rule: "file-write:body=nonsense", action: "write_file",
                parameters: ["filePath": "/tmp/x", "fileContent": "x"], words: ["writing the file"]),
            Fault(
                rule: "file-stat:garbage", action: "get_file_downloadurl", parameters: read,
                words: ["looking up the file"]),
            Fault(rule: "execute:reset", action: "execute", parameters: code, words: ["running the code"]),
            Fault(rule: "execute:garbage", action: "execute", parameters: code, words: ["running the code"]),
            Fault(rule: "execute:cut=0", action: "execute", parameters: code, words: ["ended early"]),
            Fault(rule: "execute:cut=110", action: "execute", parameters: code, words: ["ended early"]),
            Fault(rule: "execute:closed", action: "execute", parameters: code, words: ["port is not open"]),
            Fault(
                rule: "execute:status=500,body=Failed to create context: {}", action: "execute", parameters: code,
                words: ["Failed to create context"]),
        ])
    func `a break of E2B is told, and the session goes on`(fault: Fault) async throws {
        let stack = try await stackWithSession()
        try await stack.set(faults: fault.rule)
        let told = try await stack.client.ask(fault.action, fault.parameters)
        try await stack.set(faults: "")
        told.expectFailure()
        for word in fault.words { #expect(told.error.contains(word), "\(told.text)") }
        try await expectLife(stack)
    }

    @Test func `what was printed before the break is in the answer`() async throws {
        let stack = try await stackWithSession()
        try await stack.set(faults: "execute:cut=300;process-start:cut=130")
        let execution = try await stack.client.ask(
            "execute", ["code": "print('first', flush=True); import time; time.sleep(0.3); print('x' * 500)"])
        let command = try await stack.client.ask("shell", ["command": "printf first; sleep 0.3; seq 1000"])
        try await stack.set(faults: "")
        execution.expectFailure("ended early")
        #expect(execution.stdout.hasPrefix("first\n"), "\(execution.text)")
        command.expectFailure("ended early")
        #expect(command.output == "first", "\(command.text)")
        #expect(command["exitCode"] is NSNull)
        // What the connection left running is ended.
        try await stack.waitForNoCommands()
    }

    @Test func `a stream without its end envelope has ended all the same`() async throws {
        let stack = try await stackWithSession()
        try await stack.set(faults: "process-start:no-end")
        let told = try await stack.client.ask("shell", ["command": "echo fine"])
        try await stack.set(faults: "")
        #expect(told.isSuccess && told.output == "fine\n", "\(told.text)")
    }

    @Test(arguments: ["execute", "process-start", "process-list", "file-read", "file-write", "file-stat"])
    func `a sandbox that E2B says is gone is looked for once more, and told`(step: String) async throws {
        let stack = try await stackWithSession()
        let actions: [String: (String, [String: any Sendable])] = [
            "execute": ("execute", ["code": "1"]), "process-start": ("shell", ["command": "true"]),
            "process-list": ("command_list", [:]), "file-read": ("read_file", Self.read),
            "file-write": ("write_file", ["filePath": "/tmp/x", "fileContent": "x"]),
            "file-stat": ("get_file_downloadurl", Self.read),
        ]
        let (action, parameters) = try #require(actions[step])
        // Once: it was another one's, and E2B has one.
        try await stack.set(faults: "\(step):gone,times=1")
        let told = try await stack.client.ask(action, parameters)
        #expect(told.isSuccess, "\(told.text)")
        try await stack.set(faults: "\(step):gone")
        let gone = try await stack.client.ask(action, parameters)
        try await stack.set(faults: "")
        gone.expectFailure("gone")
        try await expectLife(stack)
    }

    @Test(arguments: [
        "list:status=500,times=2", "process-start:status=500", "process-start:reset", "process-start:cut=0",
        "process-start:garbage", "process-start:rpc=unavailable", "process-start:gone",
    ])
    func `a create that fails half-way leaves no sandbox`(rule: String) async throws {
        let stack = try await stackWithSession()
        let before = try await stack.sandboxes()
        try await stack.set(faults: rule)
        try await stack.client.ask("create", ["sessionId": "half"]).expectFailure()
        try await stack.set(faults: "")
        try await stack.waitForSandboxes("no sandbox more") { $0.running == before.running }
        try await stack.client.ask("shell", ["sessionId": "half", "command": "true"]).expectFailure("No sandbox found")
    }

    // MARK: - What is no fault

    @Test func `an end by a signal has its name`() async throws {
        let stack = try await stackWithSession()
        let told = try await stack.client.ask("shell", ["command": "echo before; kill -9 $$"])
        told.expectFailure("ended by a signal", "killed")
        #expect(told.output == "before\n")
    }

    @Test func `a command's time limit is told, and what it printed`() async throws {
        let stack = try await stackWithSession()
        let told = try await stack.client.ask("shell", ["command": "echo before; sleep 60", "timeoutMs": 3000])
        told.expectFailure("time limit of 3 seconds")
        #expect(told.output == "before\n")
        let execution = try await stack.client.ask(
            "execute", ["code": "print('before', flush=True); import time; time.sleep(60)", "timeoutMs": 3500])
        execution.expectFailure("time limit of 3.5 seconds")
        #expect(execution.stdout == "before\n", "\(execution.text)")
        try await expectLife(stack)
    }

    @Test func `characters that arrive in pieces are whole`() async throws {
        let stack = try await stackWithSession()
        let told = try await stack.client.ask(
            "shell",
            ["command": #"printf '\360\237'; sleep 0.2; printf '\246\212 \303'; sleep 0.2; printf '\244 \377'"#])
        #expect(told.output == "🦊 ä \u{fffd}", "\(told.text)")
    }

    @Test func `a megabyte is cut in the middle, and all of it in the sandbox`() async throws {
        let stack = try await stackWithSession()
        let told = try await stack.client.ask(
            "shell", ["command": "echo begin; head -c 1000000 /dev/zero | tr '\\0' x; echo end"])
        #expect(told.isSuccess)
        #expect(told.output.hasPrefix("begin\nxxx") && told.output.hasSuffix("xxxend\n"))
        #expect(told.output.count < 8200)
        let path = try #require(told.output.firstMatch(of: /the whole is in (\/tmp\/\S+)/)).1
        #expect(try await stack.client.ask("shell", ["command": "wc -c < \(path)"]).output == "1000010\n")
    }

    @Test func `hidden variables' values do not come out`() async throws {
        let stack = try await stackWithSession()
        // A kernel gets them with its first execution, which in the one of `s` may have been cut.
        #expect(try await stack.client.ask("kill").isSuccess)
        #expect(try await stack.client.ask("create").isSuccess)
        for (action, parameters) in [
            ("execute", ["code": "import os; print(os.environ['TOKEN']); raise ValueError(os.environ['TOKEN'])"]),
            ("shell", ["command": "echo $TOKEN; echo $TOKEN >&2; echo $TOKEN > /tmp/token; exit 3"]),
            ("read_file", ["filePath": "/tmp/token"]), ("read_file", ["filePath": "/tmp/token", "encoding": "base64"]),
        ] as [(String, [String: any Sendable])] {
            let told = try await stack.client.ask(action, parameters)
            #expect(!told.text.contains("s3cret"), "\(told.text)")
            // A file in base64 is refused rather than altered.
            let isRefused = parameters["encoding"] != nil && told.text.contains("the hidden variable TOKEN")
            #expect(told.text.contains("[hidden:TOKEN]") || isRefused, "\(told.text)")
        }
    }

    // MARK: -

    /// The session `s` with its sandbox.
    private func stackWithSession() async throws -> Stack {
        let stack = try #require(SharedStack.current)
        try await stack.set(faults: "")
        let created = try await stack.client.ask("create")
        try #require(created.isSuccess, "\(created.text)")
        return stack
    }

    private func expectLife(_ stack: Stack) async throws {
        let told = try await stack.client.ask("shell", ["command": "echo alive"])
        #expect(told.output == "alive\n", "\(told.text)")
    }
}
