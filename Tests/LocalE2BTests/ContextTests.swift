import Foundation
import Testing

@testable import LocalE2B

/// Contexts of real sandboxes, through the whole server.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct ContextTests {
    private struct Contexts {
        let stub: StubServer
        let id: String

        func send(_ method: String, _ path: String, _ body: String = "") async -> RawHTTP.Answer {
            await stub.http.send(method, path, stub.interpreter(id), body: body)
        }

        func run(_ code: String, in context: String? = nil, leaveAfter: String? = nil) async throws -> RawHTTP.Answer {
            var fields = ["code": code]
            fields["context_id"] = context
            let body = [UInt8](try JSONEncoder().encode(fields))
            return await stub.http.send(
                "POST", "/execute", stub.interpreter(id), body: body, leaveAfter: leaveAfter)
        }
    }

    @Test func `a context is made, listed, restarted and removed`() async throws {
        try await StubServer.withKernels { stub in
            let contexts = Contexts(stub: stub, id: try await stub.create())
            let made = await contexts.send("POST", "/contexts", #"{"language":"python","cwd":"/tmp"}"#)
            let context = try #require(made.json["id"] as? String)
            #expect(made.json["cwd"] as? String == "/tmp" && made.json["language"] as? String == "python")
            #expect(await contexts.send("GET", "/contexts").body.contains(context))
            #expect(try await contexts.run("import os; x = os.getcwd(); x", in: context).body.contains(#""/tmp""#))
            let restarted = await contexts.send("POST", "/contexts/\(context)/restart")
            #expect(restarted.status == 200 && restarted.body == "null")
            let fresh = try await contexts.run("x", in: context)
            #expect(fresh.lines.first?.contains(#""execution_count": 1"#) == true && fresh.body.contains("NameError"))
            #expect(await contexts.send("DELETE", "/contexts/\(context)").body == "null")
            for answer in [
                await contexts.send("DELETE", "/contexts/\(context)"),
                await contexts.send("POST", "/contexts/\(context)/restart"),
                try await contexts.run("1", in: context),
            ] {
                #expect(answer.status == 404 && answer.body == "Context \(context) not found")
            }
            #expect(await contexts.send("POST", "/contexts", #"{"language":"cobol"}"#).status == 500)
        }
    }

    @Test func `executions of one context queue, and one that is left spoils nothing`() async throws {
        try await StubServer.withKernels { stub in
            let contexts = Contexts(stub: stub, id: try await stub.create())
            _ = try await contexts.run("order = []")
            _ = try await contexts.run("print('on', flush=True)\nwhile True: pass", leaveAfter: "on\\n")
            // At once, without the pause that the real server needs.
            let next = try await contexts.run("order.append(1); order")
            #expect(next.isWhole && next.body.contains(#""json": [1]"#), "\(next)")
            async let slow = contexts.run("import time; time.sleep(0.5); order.append(2)")
            async let second = contexts.run("order.append(3); order")
            let (first, last) = try await (slow, second)
            #expect(first.isWhole && last.isWhole)
            let both = try await contexts.run("sorted(order)")
            #expect(both.body.contains(#""json": [1, 2, 3]"#))
            // One that is left while it waits for its turn does not run.
            let busy = stub.http.hold(
                "POST", "/execute", stub.interpreter(contexts.id), body: #"{"code":"import time; time.sleep(3)"}"#)
            let hasBegun = await Machine.aside {
                var seen = ""
                var piece = [UInt8](repeating: 0, count: 4096)
                while !seen.contains("number_of_executions") {
                    let count = recv(busy, &piece, piece.count, 0)
                    guard count > 0 else { return false }
                    seen += String(decoding: piece[..<count], as: UTF8.self)
                }
                return true
            }
            #expect(hasBegun)
            let waiting = stub.http.hold(
                "POST", "/execute", stub.interpreter(contexts.id), body: #"{"code":"order.append(4)"}"#)
            close(waiting)
            // The next in the queue, so that the one before it ends by itself.
            #expect(try await contexts.run("4 in order").body.contains("False"))
            close(busy)
            // Ten that are left one after the other.
            for _ in 0..<10 {
                _ = try await contexts.run("import time; time.sleep(60)", leaveAfter: "number_of_executions")
            }
            #expect(try await contexts.run("print('alive')").body.contains("alive"))
        }
    }
}
