import Foundation
import Testing

@testable import LocalE2B

@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct BinaryTests {
    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal stops everything and leaves nothing`(signal: Int32) async throws {
        let binary = try RunningBinary(["--port", "0", "--warm", "2"])
        let (port, key) = try await binary.ready()
        let http = RawHTTP(port: port)
        let created = await http.send(
            "POST", "/sandboxes", ["X-API-Key": key], body: #"{"templateID":"base","timeout":600}"#)
        #expect(created.status == 201)
        #expect(try !Machine.processes(with: binary.temporary.path).isEmpty)
        kill(binary.process.processIdentifier, signal)
        #expect(await binary.waitForExit() == 0)
        try await Machine.waitForEnd(ofProcessesWith: binary.temporary.path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: binary.temporary.path) == [])
        #expect(await http.send("GET", "/health").status == 0)
    }

    @Test func `the key is a new one at each start, unless somebody chose it`() async throws {
        let first = try await RunningBinary(["--port", "0"]).ready().key
        let second = try await RunningBinary(["--port", "0"]).ready().key
        #expect(first != second && first.hasPrefix("e2b_"))

        let choice = "chosen-by-somebody"
        let binary = try RunningBinary(["--port", "0"], environment: ["E2B_LOCAL_API_KEY": choice])
        let (port, printed) = try await binary.ready()
        #expect(printed == "")
        let list = await RawHTTP(port: port).send("GET", "/v2/sandboxes", ["X-API-Key": choice])
        #expect(list.status == 200)
    }

    @Test(arguments: ["", "fifteen-letters", "a space in between", "nicht-ganz-ASCII-ä", "a\ttab-in-between"])
    func `a key that is no key is refused at start`(key: String) async throws {
        let binary = try RunningBinary(["--port", "0"], environment: ["E2B_LOCAL_API_KEY": key])
        #expect(await binary.readLine() == nil)
        #expect(await binary.waitForExit() != 0)
        let said = await binary.complaint()
        #expect(said.contains("E2B_LOCAL_API_KEY") && (key.isEmpty || !said.contains(key)))
    }

    @Test func `what a killed server left behind is swept by the next, and nothing else`() async throws {
        let killed = try RunningBinary(["--port", "0", "--no-isolation"])
        let alive = try RunningBinary(["--port", "0"], sharing: killed)
        _ = try await (killed.ready(), alive.ready())
        func folders() throws -> Set<String> {
            Set(try FileManager.default.contentsOfDirectory(atPath: killed.temporary.path))
        }
        for stranger in ["e2b-local.notes", "e2b-local-1-abcdefgh", "other"] {
            let path = killed.temporary.appending(path: stranger)
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: false)
        }
        #expect(try folders().count == 5)
        kill(killed.process.processIdentifier, SIGKILL)
        _ = await killed.waitForExit()
        let left = try folders()
        #expect(left.count == 5)

        let next = try RunningBinary(["--port", "0"], sharing: killed)
        _ = try await next.ready()
        let swept = try folders()
        #expect(swept.count == 5 && swept.intersection(left).count == 4)
        #expect(swept.isSuperset(of: ["e2b-local.notes", "e2b-local-1-abcdefgh", "other"]))
        for binary in [alive, next] {
            kill(binary.process.processIdentifier, SIGTERM)
            #expect(await binary.waitForExit() == 0)
        }
        #expect(try folders() == ["e2b-local.notes", "e2b-local-1-abcdefgh", "other"])
    }

    @Test func `sandboxes die with a killed server`() async throws {
        let binary = try RunningBinary(["--port", "0"])
        _ = try await binary.ready()
        kill(binary.process.processIdentifier, SIGKILL)
        _ = await binary.waitForExit()
        try await Machine.waitForEnd(ofProcessesWith: binary.temporary.path)
    }

    @Test(arguments: ["--port", "--edge-port"]) func `a taken port is an error`(option: String) async throws {
        let first = try RunningBinary(["--port", "0"])
        let port = try await first.ready().port
        let second = try RunningBinary(option == "--port" ? [option, "\(port)"] : ["--port", "0", option, "\(port)"])
        #expect(await second.readLine() == nil)
        #expect(await second.waitForExit() == 1)
        #expect(await second.complaint() == "e2b-local: \(LocalE2BError.portTaken(port, option: option))\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: second.temporary.path) == [])
    }

    /// Machines that lack something, made with bubblewrap.
    @Test(arguments: [
        (["--disable-userns"], "bubblewrap cannot make a sandbox here", "--no-isolation"),
        (["--ro-bind", "/dev/null", "/usr/bin/bwrap"], "bubblewrap (bwrap) is not installed", "--no-isolation"),
        (["--tmpfs", "/usr/lib/python3/dist-packages/ipykernel"], "cannot run a kernel", "python3-ipykernel"),
    ])
    func `a machine that lacks something is told what to do`(lack: [String], complaint: String, advice: String)
        async throws
    {
        let machine = ["/usr/bin/bwrap", "--unshare-user", "--die-with-parent", "--dev-bind", "/", "/"] + lack
        let binary = try RunningBinary(["--port", "0"], inside: machine)
        #expect(await binary.readLine() == nil)
        #expect(await binary.waitForExit() == 1)
        let said = await binary.complaint()
        #expect(said.contains(complaint) && said.contains(advice))
        #expect(try FileManager.default.contentsOfDirectory(atPath: binary.temporary.path) == [])
    }

    @Test func `wrong faults are refused at start`() async throws {
        let binary = try RunningBinary(["--port", "0", "--faults"], environment: ["E2B_LOCAL_FAULTS": "create:boom"])
        #expect(await binary.readLine() == nil)
        #expect(await binary.waitForExit() != 0)
        #expect(await binary.complaint().contains("'boom' is not a kind"))
    }

    @Test func `without isolation it runs, and warns`() async throws {
        let binary = try RunningBinary(["--port", "0", "--no-isolation"])
        let (port, key) = try await binary.ready()
        let http = RawHTTP(port: port)
        let created = await http.send(
            "POST", "/sandboxes", ["X-API-Key": key], body: #"{"templateID":"base","timeout":600}"#)
        let id = try #require(created.json["sandboxID"] as? String)
        let headers = ["E2b-Sandbox-Id": id, "E2b-Sandbox-Port": "49999", "Content-Type": "application/json"]
        let answer = await http.send("POST", "/execute", headers, body: #"{"code":"import os\nos.getcwd()"}"#)
        #expect(answer.body.contains(binary.temporary.path), "\(answer)")
        // The sandbox's ports are this machine's, and its own among them.
        let serve = """
            import http.server, threading
            server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
            threading.Thread(target=server.serve_forever).start()
            server.server_port
            """
        let started = await http.send(
            "POST", "/execute", headers, body: [UInt8](try JSONEncoder().encode(["code": serve])))
        let text = started.lines.compactMap { $0.firstMatch(of: /"text": "(\d+)"/)?.1 }.first
        let domain = try #require(created.json["domain"] as? String)
        let edge = RawHTTP(port: try #require(UInt16(domain.split(separator: ":").last ?? "")))
        let page = await edge.send("GET", "/", ["Host": "\(try #require(text))-\(id).\(domain)"])
        #expect(page.status == 200)
        kill(binary.process.processIdentifier, SIGTERM)
        #expect(await binary.waitForExit() == 0)
        #expect(await binary.complaint().contains("WARNING: no isolation"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: binary.temporary.path) == [])
        try await Machine.waitForEnd(ofProcessesWith: binary.temporary.path)
    }

    @Test func `without isolation a kernel ends with its agent, whatever ended that`() async throws {
        let binary = try RunningBinary(["--port", "0", "--no-isolation"])
        let (port, key) = try await binary.ready()
        let http = RawHTTP(port: port)
        let created = await http.send(
            "POST", "/sandboxes", ["X-API-Key": key], body: #"{"templateID":"base","timeout":600}"#)
        #expect(created.status == 201)
        let kernels = try Machine.processes(with: "\(binary.temporary.path)/").filter {
            ProcFile.text("/proc/\($0)/cmdline").contains("startup.py")
        }
        #expect(!kernels.isEmpty)
        for agent in try Machine.processes(with: "\(binary.temporary.path)/")
        where ProcFile.text("/proc/\(agent)/cmdline").contains("agent.py") {
            kill(try #require(pid_t(agent)), SIGKILL)
        }
        while kernels.contains(where: { ProcFile.text("/proc/\($0)/cmdline").contains("startup.py") }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        kill(binary.process.processIdentifier, SIGTERM)
        #expect(await binary.waitForExit() == 0)
    }
}
