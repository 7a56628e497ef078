import Foundation
import Glibc
import TestSupport
import Testing

/// How many files may be open is a limit of the system's: nothing that the settings allow meets it.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct DescriptorTests {
    /// This process is web server and E2B at the same time.
    init() {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        getrlimit(kind, &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(kind, &limit)
    }

    @Test func `with the usual soft limit 400 executions in flight are all answered`() async throws {
        let gate = Latch()
        let e2b = CannedE2B(execute: { gate.pass() })
        try await LoneResponder.with(
            e2b, wrapper: ["prlimit", "--nofile=1024:8192"], environment: ["E2B_FCGI_EXECUTIONS": "400"]
        ) { responder in
            let statuses = try await withThrowingTaskGroup { group in
                for _ in 0..<400 { group.addTask { try await responder.execute().status } }
                try await responder.process.wait(for: "400 executions", within: .seconds(200)) { e2b.executed == 400 }
                #expect(try await responder.get("/health").status == 200)
                gate.open()
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [200: 400], "\(responder.process.log.suffix(2000))")
        }
    }

    @Test func `3,000 sandboxes with a host each leave no connections behind`() async throws {
        let e2b = CannedE2B()
        try await LoneResponder.with(
            e2b, wrapper: ["prlimit", "--nofile=1024:8192"],
            environment: ["E2B_FCGI_EXECUTIONS": "20", "E2B_FCGI_LOG": "off"]
        ) { responder in
            let before = responder.descriptors.count
            let statuses = try await withThrowingTaskGroup { group in
                for _ in 0..<10 {
                    group.addTask {
                        var statuses: [Int?: Int] = [:]
                        for _ in 0..<300 { statuses[try await responder.execute().status, default: 0] += 1 }
                        return statuses
                    }
                }
                return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
            }
            #expect(statuses == [200: 3000], "\(responder.process.log.suffix(2000))")
            try await responder.process.wait(for: "the last kill") { e2b.killed == 3000 }
            // Those to the one host of E2B's API stay: as many as were in use at a time.
            try await responder.process.wait(for: "few connections") { e2b.open <= 60 }
            #expect(responder.descriptors.count <= before + 60)
        }
    }

    @Test(arguments: [true, false])
    func `sessions with a host each keep no connection to it, when they end and before`(isEnded: Bool) async throws {
        let e2b = StubE2B()
        try await LoneResponder.with(
            wrapper: ["prlimit", "--nofile=1024:8192"],
            environment: e2b.environmentWithHosts.merging(["E2B_FCGI_LOG": "off"]) { _, own in own }
        ) { responder in
            // What stays for good: threads, and the connections to E2B's API, which has one host.
            _ = try await responder.act(#"{"action":"create","sessionId":"first"}"#)
            _ = try await responder.act(#"{"action":"shell","sessionId":"first","command":"pwd"}"#)
            let before = responder.descriptors.count
            try await withThrowingTaskGroup { group in
                for lane in 0..<5 {
                    group.addTask {
                        for number in 0..<40 {
                            let session = #""sessionId":"\#(lane)-\#(number)""#
                            // Different services of the sandbox, and answers of different kinds.
                            for action in [
                                #""action":"create""#, #""action":"shell","command":"pwd""#,
                                #""action":"list_files","path":"/""#,
                                #""action":"execute","code":"1""#,
                            ] { _ = try await responder.act("{\(action),\(session)}") }
                            guard isEnded else { continue }
                            let answer = try await responder.act(#"{"action":"kill",\#(session)}"#)
                            #expect(answer.bodyText.contains(#""success":true"#), "\(answer.bodyText)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(e2b.acceptsToSandboxes >= 200)
            try await responder.process.wait(for: "no connection") { e2b.connectionsToSandboxes == 0 }
            #expect(responder.descriptors.count <= before + 10)
        }
    }

    @Test func `E2B that does not end sandboxes does not take the descriptors`() async throws {
        let gate = Latch()
        let e2b = CannedE2B(kill: { gate.pass() })
        try await LoneResponder.with(e2b, environment: ["E2B_FCGI_EXECUTIONS": "2"]) { responder in
            // As many connections as there may be: 34. The 34 kills have them, and E2B is asked for nothing more.
            try await withThrowingTaskGroup { group in
                for _ in 0..<2 {
                    group.addTask { for _ in 0..<16 { _ = try await responder.execute() } }
                }
                try await group.waitForAll()
            }
            let executions = (0..<2).map { _ in Task { try await responder.execute() } }
            try await Task.sleep(for: .milliseconds(200))
            #expect(e2b.open <= 34)
            #expect(try await responder.get("/health").status == 200)
            gate.open()
            for execution in executions { #expect(try await execution.value.status == 200) }
        }
    }

    @Test(arguments: ["64:64", "300:300"])
    func `where the hard limit is too low it does not start, and gives the sum`(limit: String) async throws {
        try await LoneResponder.with(
            wrapper: ["prlimit", "--nofile=\(limit)"], environment: ["E2B_FCGI_EXECUTIONS": "200"], awaits: false
        ) { responder in
            #expect(await responder.process.ended() == .status(1))
            let log = responder.process.log
            #expect(log.contains("E2B_FCGI_EXECUTIONS=200 may take "), "\(log)")
            #expect(log.contains("open files, and the limit is \(limit.split(separator: ":")[0])"), "\(log)")
            for part in [" for the web server", " for E2B", " for decoders", "Raise the limit"] {
                #expect(log.contains(part), "\(log)")
            }
            let numbers = log.matches(of: #/(\d+) for\ /#).compactMap { Int($0.1) }
            let sum = log.firstMatch(of: /may take (\d+)/).flatMap { Int($0.1) }
            #expect(sum == numbers.reduce(0, +), "\(log)")
            #expect(!responder.hasSocketFile)
        }
    }

    @Test func `closed standard descriptors lead nowhere`() async throws {
        try await LoneResponder.with(wrapper: ["bash", "-c", #"exec "$@" 0<&- 1>&- 2>&-"#, "--"]) { responder in
            for number in ["0", "1", "2"] { #expect(responder.descriptors[number] == "/dev/null") }
            let answer = try await responder.get("/health")
            #expect(answer.status == 200 && answer.bodyText.hasPrefix("{"))
            responder.process.signal(SIGTERM)
            #expect(await responder.process.ended() == .status(0))
        }
    }

    @Test func `as a CGI program without standard error it answers the request and nothing else`() async throws {
        let folder = FileManager.default.temporaryDirectory
        let program = try await ChildProcess(
            Binaries.system("bash"), ["-c", #"exec "$@" 0<&- 2>&-"#, "--", Binaries.responder.path],
            environment: ["GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "PATH_INFO": "/health"], in: folder)
        #expect(await program.ended() == .status(0))
        #expect(program.outputText.hasPrefix("Status: 200 OK\r\n") && program.outputText.hasSuffix("}"))
    }
}
