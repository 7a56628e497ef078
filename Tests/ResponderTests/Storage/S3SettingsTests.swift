import Fetch
import Store
import Testing

@testable import Responder

struct S3SettingsTests {
    private let keys = [
        "AWS_ACCESS_KEY_ID": "AKEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a secret/of+S3".replacing(" ", with: ""),
    ]

    private func bucket(_ environment: [String: String]) throws -> S3Configuration? {
        let place = try Configuration(environment: keys.merging(environment) { $1 }).store.place
        guard case .bucket(let configuration) = place else { return nil }
        return configuration
    }

    @Test func `a bucket of Amazon's needs no more than keys`() throws {
        let bucket = try #require(try bucket(["E2B_FCGI_STORE": "s3://files/chat", "AWS_REGION": "eu-central-1"]))
        #expect(bucket.bucket == "files" && bucket.prefix == "chat" && bucket.region == "eu-central-1")
        #expect(bucket.endpoint == "https://s3.eu-central-1.amazonaws.com" && !bucket.usesPathStyle)
        #expect(bucket.credentials == AWSCredentials(accessKeyID: "AKEXAMPLE", secretAccessKey: "asecret/of+S3"))
    }

    @Test func `another service has an address, a region and a style of its own`() throws {
        let bucket = try #require(
            try bucket([
                "E2B_FCGI_STORE": "s3://files", "E2B_FCGI_S3_ENDPOINT": "http://127.0.0.1:9000/",
                "E2B_FCGI_S3_REGION": "garage", "E2B_FCGI_S3_PATH_STYLE": "on", "AWS_SESSION_TOKEN": "token",
                "AWS_REGION": "eu-central-1",
            ]))
        #expect(bucket.endpoint == "http://127.0.0.1:9000" && bucket.region == "garage" && bucket.usesPathStyle)
        #expect(bucket.credentials.sessionToken == "token")
    }

    @Test func `a name with dots is not a part of Amazon's host names`() throws {
        #expect(try bucket(["E2B_FCGI_STORE": "s3://files.example"])?.usesPathStyle == true)
    }

    @Test(arguments: [
        ["E2B_FCGI_STORE": "s3://files", "AWS_SECRET_ACCESS_KEY": ""], ["E2B_FCGI_STORE": "s3://"],
        ["E2B_FCGI_STORE": "s3://files/../etc"], ["E2B_FCGI_STORE": "s3://files", "E2B_FCGI_S3_REGION": "eu:west"],
        ["E2B_FCGI_STORE": "s3://files", "E2B_FCGI_S3_ENDPOINT": "http://s3.example"],
        ["E2B_FCGI_STORE": "s3://files", "E2B_FCGI_S3_ENDPOINT": "https://s3.example/path"],
        ["E2B_FCGI_STORE": "s3://files", "E2B_FCGI_S3_ENDPOINT": "s3.example"],
        ["E2B_FCGI_STORE": "s3://files", "E2B_FCGI_S3_PATH_STYLE": "yes"],
        ["E2B_FCGI_STORE": "s3://files", "AWS_SECRET_ACCESS_KEY": "hidden\r\nX: 1"],
    ])
    func `what cannot work is named, and no secret is`(environment: [String: String]) {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try Configuration(environment: keys.merging(environment) { $1 })
        }
        let told = error?.complaints ?? []
        #expect(told.count == 1, "\(told)")
        #expect(!told.joined().contains("hidden") && !told.joined().contains("asecret"))
    }
}
