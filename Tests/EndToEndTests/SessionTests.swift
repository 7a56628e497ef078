import Foundation
import TestSupport
import Testing

extension ActionTests {
    /// A session lives in E2B alone: whoever asks, and in whatever process, finds it there.
    @Suite(.timeLimit(.minutes(10)))
    struct SessionTests {
        @Test func `a session made through one responder is used through another`() async throws {
            let stack = try #require(SharedStack.current)
            try await stack.withResponder { other in
                try await stack.client.withSession { first in
                    let second = other.client.session(first.id)
                    _ = try await first.python("kept = 6 * 7")
                    #expect(try await second.python("print(kept)") == "42\n")
                    #expect(
                        try await second("write_file", ["filePath": "note", "fileContent": "from the second"]).isSuccess
                    )
                    #expect(try await first("read_file", ["filePath": "note"])["content"] == "from the second")
                }
            }
        }

        @Test func `a responder that was killed goes on with the session and its command when it is back`() async throws
        {
            let stack = try #require(SharedStack.current)
            try await stack.withResponder { responder in
                try await responder.client.withSession { session in
                    _ = try await session.python("kept = 'before'")
                    let started = try await session("shell", ["command": "exec sleep 4321", "background": true])
                    let id = try #require(started["commandId"].string)
                    try await responder.killAndRestart()
                    #expect(try await session.python("print(kept)") == "before\n")
                    #expect(try await session.commands() == ["exec sleep 4321"])
                    #expect(try await session("kill_command", ["commandId": .text(id)]).isSuccess)
                    try await session.waitForNoCommands()
                    try await session.waitForEnd(of: ["sleep 4321"])
                }
            }
        }

        @Test func `a responder that is told to stop finishes what it does, and leaves the sandbox`() async throws {
            let stack = try #require(SharedStack.current)
            try await stack.client.withSession { session in
                try await stack.withResponder { other in
                    let elsewhere = other.client.session(session.id)
                    async let last = elsewhere("shell", ["command": "touch begun; sleep 1; echo done"])
                    try await other.process.wait(for: "the command") {
                        try await session("shell", ["command": "test -e begun"]).isSuccess
                    }
                    other.process.signal(SIGTERM)
                    #expect(try await last.output == "done\n")
                    #expect(await other.process.ended() == .status(0))
                }
                #expect(try await session.shell("ls begun") == "begun\n")
            }
        }

        @Test func `each action of a session can be a CGI process of its own`() async throws {
            let stack = try #require(SharedStack.current)
            let session = stack.cgiSession("by CGI")
            let created = try await session("create")
            #expect(created.isSuccess && created["sandboxId"].string != nil)
            #expect(try await session("write_file", ["filePath": "a.txt", "fileContent": "from CGI"])["bytes"] == 8)
            #expect(try await session.python("text = open('a.txt').read()") == "")
            #expect(try await session.python("print(text)") == "from CGI\n")
            #expect(try await session.shell("cat a.txt") == "from CGI")
            #expect(try await session("read_file", ["filePath": "a.txt"])["content"] == "from CGI")
            #expect(
                try await session("kill").json
                    == [
                        "sessionId": "by CGI", "success": true,
                        "message": "Sandbox with sessionId by CGI has been killed.",
                    ])
            #expect(
                try await session("execute", ["code": "1"]).json
                    == .failure(
                        "No sandbox found for sessionId by CGI. Please create one using the 'create' action.",
                        session: "by CGI"))
        }

        @Test(arguments: [1, 2])
        func `creates at the same time leave one sandbox, whose id all are told`(responders: Int) async throws {
            let stack = try #require(SharedStack.current)
            try await stack.withResponder { other in
                let clients = [stack.client, responders == 1 ? stack.client : other.client]
                for round in 1...3 {
                    let before = try await stack.sandboxes().created
                    let sessions = clients.map { $0.session("race \(responders) \(round)") }
                    // Long enough for everybody to have begun.
                    try await stack.set(faults: "create:delay=1000")
                    async let first = sessions[0]("create")
                    async let second = sessions[1]("create")
                    let answers = try await [first, second]
                    try await stack.set(faults: "")
                    #expect(answers[0].isSuccess && answers[1].isSuccess, "\(answers)")
                    #expect(answers[0]["sandboxId"] == answers[1]["sandboxId"], "\(answers)")
                    // The one too many is killed while the answers are on their way.
                    try await stack.waitForSandboxes("one sandbox") {
                        $0.running == 1 && $0.created == before + responders
                    }
                    #expect(try await sessions[0].python("x = 1") == "")
                    #expect(try await sessions[1].python("print(x)") == "1\n")
                    #expect(try await sessions[0]("kill").isSuccess)
                }
            }
        }

        @Test func `create of an existing session says so and keeps its state`() async throws {
            try await SharedStack.client.withSession { session in
                _ = try await session.python("kept = 1")
                let list = try await session("list_sandboxes")
                let again = try await session("create", ["envs": ["NEW": "1"]])
                #expect(
                    again.json
                        == [
                            "sessionId": .text(session.id), "success": true,
                            "sandboxId": list["sandboxes"][0]["sandboxId"], "currentUser": "user",
                            "currentDirectory": "/home/user", "timeout": 60,
                            "message": .text(
                                "Sandbox with sessionId \(session.id) already exists: it goes on, with all that is in it."
                            ),
                        ])
                #expect(try await session.python("print(kept)") == "1\n")
            }
        }

        @Test func `a session killed and made anew elsewhere is found in its new sandbox`() async throws {
            let stack = try #require(SharedStack.current)
            try await stack.withResponder { other in
                let (here, there) = (stack.client.session("renewed"), other.client.session("renewed"))
                let old = try await here("create")["sandboxId"]
                #expect(try await here.python("old = 1; print(old)") == "1\n")
                #expect(try await there("kill").isSuccess)
                let new = try await there("create")["sandboxId"]
                #expect(old != new && new.string != nil)
                #expect(try await here.python("print('old' in globals())") == "False\n")
                #expect(try await here("create")["sandboxId"] == new)
                #expect(try await there("kill").isSuccess)
                let gone = try await here("execute", ["code": "1"])
                #expect(!gone.isSuccess && gone.error.contains("'create' action"), "\(gone)")
            }
        }

        @Test func `a sandbox whose time ran out is said to have ended, and when`() async throws {
            let client = try SharedStack.client
            let session = client.session("short")
            #expect(try await session("create", ["timeout": 0.1]).isSuccess)
            let stack = try #require(SharedStack.current)
            try await stack.waitForSandboxes("its end") { $0.running == 0 }
            #expect(
                try await session("execute", ["code": "1"]).named()
                    == .failure(
                        "The sandbox of sessionId short has ended: its time ran out at TIME. "
                            + "Please create another one using the 'create' action.", session: "short"))
        }
    }
}
