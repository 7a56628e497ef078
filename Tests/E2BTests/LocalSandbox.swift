import Foundation
import TestSupport
import Testing

@testable import E2B

/// One server of local sandboxes for all tests of a suite, and a sandbox of its own for each.
struct LocalSandbox: SuiteTrait, TestScoping {
    @TaskLocal static var server: LocalServer?

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try await LocalServer(in: folder)
        let result: Result<Void, any Error>
        do {
            result = .success(try await Self.$server.withValue(server) { try await body() })
        } catch {
            result = .failure(error)
        }
        await server.process.stop()
        try result.get()
    }

    /// Lends a client and a new sandbox.
    static func with(_ body: (E2BClient, Sandbox) async throws -> Void) async throws {
        let server = try #require(server)
        let configuration = E2BConfiguration(apiKey: server.key, apiURL: server.url, sandboxURL: server.url)
        let client = try E2BClient(configuration)
        do {
            let sandbox = try await client.create(SandboxOptions(timeout: .seconds(120)))
            // A test that fails leaves its sandbox to the server's end, which is near.
            try await body(client, sandbox)
            try await client.kill(sandbox: sandbox.id)
        } catch {
            await client.stop()
            throw error
        }
        await client.stop()
    }
}

extension Trait where Self == LocalSandbox {
    static var localSandbox: Self { Self() }
}
