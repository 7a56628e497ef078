import FastCGI
import Testing

@testable import Responder

struct PathSecretTests {
    @Test(arguments: [
        ("/k/s3cret/v1/exec", "s3cret", "/v1/exec"), ("/k/s3cret/v1", "s3cret", "/v1"),
        ("/k/s3cret/v1/", "s3cret", "/v1/"),
        ("/k/a/b+c=/v1/download/x/y", "a/b+c=", "/v1/download/x/y"), ("/k/v1/v1/exec", "v1", "/v1/exec"),
        ("/k/a/v1/v1/exec", "a", "/v1/v1/exec"),
        // Nothing of a key that is not followed by what may follow is left over.
        ("/k/s3cret", "s3cret", "/k"), ("/k/s3cret/", "s3cret/", "/k"), ("/k/s3cret/exec", "s3cret/exec", "/k"),
        ("/k/s3cret/V1/exec", "s3cret/V1/exec", "/k"), ("/k/s3cret/v10", "s3cret/v10", "/k"),
    ])
    func `the key is taken out of the path`(path: String, secret: String, rest: String) throws {
        let split = try #require(PathSecret.split(path))
        #expect(split.secret == secret)
        #expect(split.path == rest)
        for name in ["PATH_INFO", "SCRIPT_NAME", "DOCUMENT_URI"] {
            var request = FastCGIRequest(params: [name: path, "REQUEST_URI": path], stdin: .success([]))
            #expect(request.takePathSecret() == secret)
            #expect(request.path == rest)
            #expect(!request.params.values.contains { $0.contains("s3cret") })
        }
    }

    @Test(arguments: ["/", "", "/v1/exec", "/k", "/k/", "/key/x/v1", "/v1/k/s3cret"])
    func `a path without a key stays what it is`(path: String) {
        var request = FastCGIRequest(params: ["PATH_INFO": path], stdin: .success([]))
        let before = request.path
        #expect(request.takePathSecret() == nil)
        #expect(request.path == before)
    }
}
