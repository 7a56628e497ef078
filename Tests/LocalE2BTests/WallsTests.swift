import Foundation
import Testing

@testable import LocalE2B

/// The walls, tried from within by `walls_check.py`, for every user that may start the server.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct WallsTests {
    /// What runs the server: nothing, or what makes an ordinary user of root.
    private static let users = [[]] + (geteuid() == 0 ? [nobody] : [])
    private static let nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]

    @Test(arguments: users) func `code finds no way out`(user: [String]) async throws {
        let binary = try RunningBinary(["--port", "0"], inside: user)
        let sandbox = try await Self.sandbox(of: binary)
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "walls_check.py")
        let found = try await sandbox.run(try String(contentsOf: path, encoding: .utf8))
        #expect(found == "checked\n")
        kill(binary.process.processIdentifier, SIGTERM)
        #expect(await binary.waitForExit() == 0)
    }

    /// The key is possessed by whoever has the session's keyring, as those of Kerberos and of encrypted folders are.
    @Test(arguments: [[], ["--no-isolation"]]) func `the session's keys stay with the session`(option: [String])
        async throws
    {
        let login = """
            import ctypes, os, sys
            call = ctypes.CDLL(None).syscall
            add_key, keyctl = (248, 250) if os.uname().machine == "x86_64" else (217, 219)
            assert call(keyctl, 1, 0) > 0
            assert call(add_key, b"user", b"e2b-local-test", b"secret", ctypes.c_size_t(6), -3) > 0
            os.execv(sys.argv[1], sys.argv[1:])
            """
        let binary = try RunningBinary(["--port", "0"] + option, inside: [Launch.python, "-c", login])
        let sandbox = try await Self.sandbox(of: binary)
        let search = """
            import ctypes, os
            call = ctypes.CDLL(None).syscall
            request_key, keyctl = (249, 250) if os.uname().machine == "x86_64" else (218, 219)
            print(call(request_key, b"user", b"e2b-local-test", 0, 0), call(keyctl, 10, -3, b"user", b"e2b-local-test", 0))
            """
        #expect(try await sandbox.run(search) == "-1 -1\n")
        kill(binary.process.processIdentifier, SIGTERM)
        #expect(await binary.waitForExit() == 0)
    }

    private struct RunningSandbox {
        let http: RawHTTP
        let id: String

        /// What the code printed and its error.
        func run(_ code: String) async throws -> String {
            struct Line: Decodable {
                var text: String?
                var value: String?
            }
            let headers = ["E2b-Sandbox-Id": id, "E2b-Sandbox-Port": "49999", "Content-Type": "application/json"]
            let body = [UInt8](try JSONEncoder().encode(["code": code]))
            let answer = await http.send("POST", "/execute", headers, body: body)
            return try answer.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
                .compactMap { $0.text ?? $0.value }.joined()
        }
    }

    private static func sandbox(of binary: RunningBinary) async throws -> RunningSandbox {
        let (port, key) = try await binary.ready()
        let http = RawHTTP(port: port)
        let created = await http.send(
            "POST", "/sandboxes", ["X-API-Key": key], body: #"{"templateID":"base","timeout":600}"#)
        return RunningSandbox(http: http, id: try #require(created.json["sandboxID"] as? String, "\(created)"))
    }
}
