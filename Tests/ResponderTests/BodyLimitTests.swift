import E2B
import FastCGI
import Interpreter
import Testing

@testable import Responder

struct BodyLimitTests {
    private static let secret = "s3cret-one-of-sixteen"

    /// The status of a request whose body has that many bytes, as far as anybody reads them.
    private func status(
        _ path: String, count: Int, isDeclared: Bool = true, key: String? = nil, keys: String? = "team:\(secret)"
    ) async throws -> Int {
        var settings = ["E2B_FCGI_BODY_LIMIT": "5000", "E2B_FCGI_FILE_BYTES": "100000"]
        settings["E2B_FCGI_KEYS"] = keys
        let configuration = try Configuration(environment: settings)
        let responder = try Responder(configuration, client: nil, log: EventLog(isLoggingRequests: false))
        var params = [
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
            "CONTENT_TYPE": "application/json",
        ]
        params["HTTP_X_API_KEY"] = key
        let body = RequestBody(
            .success([UInt8](repeating: 0x20, count: count)), contentLength: isDeclared ? count : nil)
        let response = await responder.respond(to: FastCGIRequest(params: params, body: body))
        #expect(configuration.limits.memory.heldCount == 0)
        return response.status
    }

    @Test(arguments: [true, false])
    func `a body with a file is taken at e2bcode, from a caller with a key`(isDeclared: Bool) async throws {
        for (key, keys) in [(Self.secret, "team:\(Self.secret)"), (nil, nil)] {
            // All blanks is no JSON.
            #expect(try await status("/e2bcode", count: 205_000, isDeclared: isDeclared, key: key, keys: keys) == 400)
            #expect(try await status("/e2bcode", count: 205_001, isDeclared: isDeclared, key: key, keys: keys) == 413)
        }
    }

    @Test(arguments: ["/e2bcode", "/execute"], [nil, "s3cret-one-of-sixtee"])
    func `a stranger's is not read at all`(path: String, key: String?) async throws {
        #expect(try await status(path, count: 1 << 20, key: key) == 401)
    }

    @Test(arguments: [true, false]) func `at execute there is another limit`(isDeclared: Bool) async throws {
        #expect(try await status("/execute", count: 5000, isDeclared: isDeclared, key: Self.secret) == 400)
        #expect(try await status("/execute", count: 5001, isDeclared: isDeclared, key: Self.secret) == 413)
    }

    /// Whatever else is said of the request, nobody waits for its body.
    @Test(arguments: [("/health", 405), ("/e2bcode/", 404), ("/nothing", 404), ("/", 405)])
    func `where nobody takes a body none is too large`(path: String, status expected: Int) async throws {
        #expect(try await status(path, count: 1 << 20, keys: nil) == expected)
    }

    @Test func `a body that finds no room is told to come back`() async throws {
        let configuration = try Configuration(environment: [:])
        let budget = configuration.limits.memory
        let held = budget.reservation(for: "me")
        #expect(await held.grow(to: budget.limit - 1000))
        let memory = budget.reservation(for: "me")
        // Cancelled, so that it does not wait.
        let refusal = await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await #expect(throws: Refusal.self) {
                var request = FastCGIRequest(params: [:], stdin: .success([UInt8](repeating: 0x20, count: 1001)))
                _ = try await request.wholeBody(upTo: 2000, holding: memory)
            }
        }.value
        #expect(refusal == .outOfMemory)
        withExtendedLifetime(held) {}
    }
}
