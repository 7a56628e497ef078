import FastCGI
import Foundation
import Testing

@testable import Responder

struct AuthenticatorTests {
    private let keyed = Authenticator(keys: [
        AccessKey(name: "team", secret: "s3cret-one"), AccessKey(name: "other", secret: "s3cret:two"),
    ])
    private let open = Authenticator(keys: [])

    private func request(_ params: [String: String]) -> FastCGIRequest {
        FastCGIRequest(params: params, stdin: .success([]))
    }

    private static func basic(_ pair: String) -> String { "Basic \(Data(pair.utf8).base64EncodedString())" }

    @Test(arguments: [
        (["HTTP_AUTHORIZATION": "Bearer s3cret-one"], "team"),
        (["HTTP_AUTHORIZATION": "bearer   s3cret-one "], "team"),
        (["HTTP_X_API_KEY": "s3cret-one"], "team"),
        (["HTTP_AUTHORIZATION": Self.basic("anyone:s3cret-one")], "team"),
        (["HTTP_AUTHORIZATION": Self.basic(":s3cret:two")], "other"),
    ])
    func `every place for a key is read`(params: [String: String], name: String) {
        #expect(keyed.verdict(on: request(params)) == .admitted(name: name))
    }

    @Test(arguments: [
        [:],
        ["HTTP_AUTHORIZATION": ""],
        ["HTTP_AUTHORIZATION": "Bearer"],
        ["HTTP_AUTHORIZATION": "Bearer s3cret-on"],
        ["HTTP_AUTHORIZATION": "Bearer s3cret-one2"],
        ["HTTP_AUTHORIZATION": "Digest s3cret-one"],
        ["HTTP_AUTHORIZATION": "Basic !!!"],
        ["HTTP_AUTHORIZATION": Self.basic("s3cret-one")],
        ["HTTP_X_API_KEY": "S3CRET-ONE"],
        ["HTTP_AUTHORIZATION": "Bearer wrong", "HTTP_X_API_KEY": "s3cret-one"],
        ["REMOTE_ADDR": "127.0.0.1"],
    ])
    func `without a right key nobody is admitted`(params: [String: String]) {
        guard case .refused = keyed.verdict(on: request(params)) else {
            Issue.record("\(params) was admitted")
            return
        }
    }

    @Test(arguments: [
        (["REMOTE_ADDR": "127.0.0.1"], true),
        (["REMOTE_ADDR": "::1"], true),
        (["REMOTE_ADDR": "unix:"], true),
        (["REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": ""], true),
        (["REMOTE_ADDR": "192.0.2.1"], false),
        (["REMOTE_ADDR": ""], false),
        ([:], false),
        (["REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"], false),
        (["REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.1"], false),
    ])
    func `without keys only this machine is answered`(params: [String: String], isAdmitted: Bool) {
        #expect((open.verdict(on: request(params)) == .admitted(name: "local")) == isAdmitted)
    }
}
