import E2B
import FastCGI
import Testing

@testable import Responder

struct BodyLimitTests {
    private func limit(_ path: String, key: String? = nil, keys: String? = "team:s3cret-one-of-sixteen") throws -> Int {
        var settings = ["E2B_FCGI_BODY_LIMIT": "5000", "E2B_FCGI_FILE_BYTES": "100000"]
        settings["E2B_FCGI_KEYS"] = keys
        let configuration = try Configuration(environment: settings)
        let responder = try Responder(configuration, client: nil, log: EventLog(isLoggingRequests: false))
        var params = [
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
            "CONTENT_TYPE": "application/json",
        ]
        params["HTTP_X_API_KEY"] = key
        return responder.bodyLimit(for: FastCGIRequest(params: params, stdin: .success([])))
    }

    @Test func `a body with a file is taken at e2bcode, from a caller with a key`() throws {
        #expect(try limit("/e2bcode", key: "s3cret-one-of-sixteen") == 205_000)
        #expect(try limit("/e2bcode", keys: nil) == 205_000)
    }

    @Test(arguments: ["/e2bcode", "/execute", "/health", "/"], [nil, "s3cret-one-of-sixtee"])
    func `a stranger's is not read at all`(path: String, key: String?) throws {
        #expect(try limit(path, key: key) == 0)
    }

    @Test(arguments: ["/execute", "/health", "/e2bcode/", "/"])
    func `every other path has the one limit`(path: String) throws {
        #expect(try limit(path, key: "s3cret-one-of-sixteen") == 5000)
        #expect(try limit(path, keys: nil) == 5000)
    }
}
