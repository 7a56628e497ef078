import Foundation
import TestSupport
import Testing

/// The page at /, in Chromium and behind nginx.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct PageTests {
    private static let key = "a-key-for-people-with-a-browser"

    /// Light, dark, wide and narrow; by keyboard; and with axe, which must find nothing.
    @Test(arguments: [key, nil]) func `people use the page by keyboard, and axe finds nothing`(key: String?)
        async throws
    {
        let python = try await PythonEnvironment.with(["axe-playwright-python==0.1.8", "playwright==1.65.2"])
        let script = Binaries.repository.appending(path: "Tests/EndToEndTests/page_check.py").path
        let environment = key.map { ["E2B_FCGI_KEYS": "people:\($0)"] } ?? [:]
        try await Stack.with(environment: environment) { stack in
            let screenshots = ProcessInfo.processInfo.environment["PAGE_SCREENSHOTS"].map { [$0] } ?? []
            let check = try await ChildProcess(
                python, ["-B", script, stack.client.base, Binaries.system("chromium").path, key ?? "-"] + screenshots,
                name: "page", in: stack.folder)
            let exit = await check.ended()
            #expect(exit == .status(0), "\(check.log)")
            #expect(check.outputText.hasSuffix("all ok\n"), "\(check.log)")
        }
    }

    @Test func `the snippet has the page at a path of its own, and leaves the root to others`() async throws {
        try await Stack.with { stack in
            for path in ["/", "/e2b-fcgi/"] {
                let reply = try await stack.client.get(path)
                #expect(reply.status == 200 && reply.text.hasPrefix("<!doctype html>"), "\(path): \(reply.status)")
                #expect(reply.headers["content-type"] == "text/html; charset=utf-8")
                #expect(reply.headers["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
            }
            for path in [
                "/nothing", "/e2b-fcgi", "/e2b-fcgi/execute", "/e2b-fcgi/x/", "/e2b-fcgi-streamed/", "/x/e2b-fcgi/",
            ] {
                #expect(try await stack.client.get(path).status == 404, "\(path)")
            }
            // With a base path, and nothing said of the root.
            let port = try freePort()
            let folder = stack.folder.appending(path: "based")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let nginx = try await Stack.startNginx(port: port, socket: stack.socket, folder: folder, basePath: "/code")
            let client = HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)
            let statuses = try await ["/code/e2b-fcgi/", "/code/", "/code", "/"].asyncMap { path in
                try await client.get(path).status
            }
            await nginx.stop()
            #expect(statuses == [200, 404, 404, 404])
        }
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
