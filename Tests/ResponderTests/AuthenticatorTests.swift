import FastCGI
import Foundation
import Testing

@testable import Responder

struct AuthenticatorTests {
    private static let one = "s3cret-one-of-sixteen"
    private static let two = "s3cret:two-of-sixteen"
    private let keyed = Authenticator(keys: [
        AccessKey(name: "team", secret: Self.one), AccessKey(name: "other", secret: Self.two),
    ])

    private func verdict(_ params: [String: String]) -> Authenticator.Verdict {
        keyed.verdict(on: FastCGIRequest(params: params, stdin: .success([])))
    }

    private static func basic(_ pair: String, isPadded: Bool = true) -> String {
        let text = Data(pair.utf8).base64EncodedString()
        return "Basic " + (isPadded ? text : text.replacing("=", with: ""))
    }

    @Test(arguments: [
        (["HTTP_AUTHORIZATION": "Bearer \(one)"], "team"),
        (["HTTP_AUTHORIZATION": "bearer   \(one) "], "team"),
        (["HTTP_AUTHORIZATION": "BEARER\t\(two)"], "other"),
        (["HTTP_X_API_KEY": one], "team"),
        (["HTTP_X_API_KEY": " \(one) "], "team"),
        (["HTTP_AUTHORIZATION": basic("anyone:\(one)")], "team"),
        (["HTTP_AUTHORIZATION": basic("\(one):")], "team"),
        (["HTTP_AUTHORIZATION": basic("\(one):x")], "team"),
        (["HTTP_AUTHORIZATION": basic(":\(two)")], "other"),
        (["HTTP_AUTHORIZATION": basic("a:\(one)", isPadded: false)], "team"),
        (["HTTP_AUTHORIZATION": basic("ab:\(one)", isPadded: false)], "team"),
        (["HTTP_AUTHORIZATION": basic("abc:\(one)", isPadded: false)], "team"),
    ])
    func `every place for a key is read`(params: [String: String], name: String) {
        #expect(verdict(params) == .admitted(name: name))
    }

    @Test(arguments: [
        ["HTTP_AUTHORIZATION": "Bearer wrong", "HTTP_X_API_KEY": one],
        ["HTTP_AUTHORIZATION": "Negotiate abc", "HTTP_X_API_KEY": one],
        ["HTTP_AUTHORIZATION": "nonsense", "HTTP_X_API_KEY": one],
        ["HTTP_AUTHORIZATION": "Basic !!!", "HTTP_X_API_KEY": one],
        ["HTTP_AUTHORIZATION": basic("proxy:password"), "HTTP_X_API_KEY": one],
        ["HTTP_AUTHORIZATION": "Bearer \(one)", "HTTP_X_API_KEY": "wrong"],
        ["HTTP_AUTHORIZATION": "Bearer wrong, Bearer \(one)"],
        ["HTTP_AUTHORIZATION": "\(basic("a:b")), Bearer \(one)"],
        ["HTTP_AUTHORIZATION": "Bearer wrong, \(basic("a:\(one)"))"],
        ["HTTP_X_API_KEY": "wrong, \(one)"],
    ])
    func `a credential that is wrong does not hide one that is right`(params: [String: String]) {
        #expect(verdict(params) == .admitted(name: "team"))
    }

    @Test(arguments: [
        [:],
        ["HTTP_AUTHORIZATION": ""],
        ["HTTP_AUTHORIZATION": "Bearer"],
        ["HTTP_AUTHORIZATION": "Bearer ,"],
        ["HTTP_AUTHORIZATION": one],
        ["HTTP_AUTHORIZATION": "Bearer \(one.dropLast())"],
        ["HTTP_AUTHORIZATION": "Bearer \(one)2"],
        ["HTTP_AUTHORIZATION": "Digest \(one)"],
        ["HTTP_AUTHORIZATION": "Basic !!!"],
        ["HTTP_AUTHORIZATION": "Basic \(one)"],
        ["HTTP_AUTHORIZATION": basic(one)],
        ["HTTP_AUTHORIZATION": basic(":")],
        ["HTTP_X_API_KEY": one.uppercased()],
        ["HTTP_X_API_KEY": ""],
        ["HTTP_X_API_KEY": "team"],
        ["HTTP_AUTHORIZATION": "Bearer wrong", "HTTP_X_API_KEY": "wrong"],
        ["REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"],
    ])
    func `without a right key nobody is admitted`(params: [String: String]) {
        guard case .refused(let refusal) = verdict(params), refusal.status == 401 else {
            Issue.record("\(params): \(verdict(params))")
            return
        }
    }

    @Test func `credentials without end are not looked at without end`() {
        let many = Array(repeating: "Bearer wrong", count: 1000).joined(separator: ", ")
        #expect(verdict(["HTTP_AUTHORIZATION": "\(many), Bearer \(Self.one)"]) != .admitted(name: "team"))
    }

    @Test(arguments: ["https://evil.example", "null"])
    func `a page of another origin is refused with a key, too`(origin: String) {
        guard
            case .refused(let refusal) = verdict([
                "HTTP_X_API_KEY": Self.one, "HTTP_ORIGIN": origin, "HTTP_HOST": "code.example",
            ])
        else {
            Issue.record("admitted")
            return
        }
        #expect(refusal.status == 403)
    }
}
