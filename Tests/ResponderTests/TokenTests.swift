import FastCGI
import Testing

@testable import Responder

struct TokenTests {
    private static let ed25519 = SigningKey()
    private static let rsa = SigningKey(isRSA: true)
    private static let stranger = SigningKey()

    private func verifier(_ file: String) throws -> TokenVerifier {
        TokenVerifier(keys: try TokenKeyFile(Array(file.utf8)).keys, issuer: "librechat", audience: "codeapi")
    }

    private func subject(_ token: String, _ file: String, at now: Double = SigningKey.now) throws -> TokenSubject {
        try verifier(file).subject(of: token, at: now)
    }

    private static var set: String { #"{"keys":[\#(ed25519.jwk(id: "a")),\#(rsa.jwk(id: "b"))]}"# }

    @Test func `a token of each kind is taken, by each kind of file`() throws {
        let user = TokenSubject(tenant: nil, user: "user-1")
        for key in [Self.ed25519, Self.rsa] {
            #expect(try subject(key.token(), key.pem) == user)
            #expect(try subject(key.token(id: "any"), key.pem) == user)
            #expect(try subject(key.token(), "# comment\n\(Self.stranger.pem)\(key.pem)") == user)
            #expect(try subject(key.token(), Self.set) == user)
        }
        #expect(try subject(Self.ed25519.token(id: "a"), Self.set) == user)
        #expect(try subject(Self.rsa.token(id: "b"), Self.set) == user)
        let others = #"{"kty":"EC"},{"kty":"oct","k":"x"},7,\#(Self.stranger.jwk(id: "a", #""use":"enc","#))"#
        #expect(try subject(Self.ed25519.token(), #"{"keys":[\#(others),\#(Self.ed25519.jwk())]}"#) == user)
    }

    @Test func `the tenant is told, and none is the default's`() throws {
        let claims = SigningKey.claims.replacing("legacy", with: "acme")
        #expect(
            try subject(Self.ed25519.token(claims), Self.ed25519.pem) == TokenSubject(tenant: "acme", user: "user-1"))
        let without = SigningKey.claims.replacing(#","tenant_id":"legacy""#, with: "")
        #expect(try subject(Self.ed25519.token(without), Self.ed25519.pem).tenant == nil)
    }

    @Test(arguments: [
        (1329.0, nil), (1330.0, TokenVerifier.Refusal.expired), (971.0, nil), (970.0, nil), (969.0, .notYetValid),
    ])
    func `clocks may be thirty seconds apart`(now: Double, refusal: TokenVerifier.Refusal?) throws {
        let found = Result { try subject(Self.ed25519.token(), Self.ed25519.pem, at: now) }
        switch found {
        case .success: #expect(refusal == nil)
        case .failure(let error): #expect(error as? TokenVerifier.Refusal == refusal)
        }
    }

    @Test(arguments: [
        (#""iss":"librechat""#, #""iss":"other""#, TokenVerifier.Refusal.wrongIssuer),
        (#""iss":"librechat","#, "", .wrongIssuer), (#""iss":"librechat""#, #""iss":["librechat"]"#, .wrongIssuer),
        (#""aud":"codeapi""#, #""aud":"other""#, .wrongAudience), (#""aud":"codeapi","#, "", .wrongAudience),
        (#""aud":"codeapi""#, #""aud":["a","b"]"#, .wrongAudience),
        (#""aud":"codeapi""#, #""aud":["a","codeapi"]"#, nil),
        (#""exp":1300"#, #""exp":"1300""#, .expired), (#","exp":1300"#, "", .expired),
        (#""exp":1300"#, #""exp":1e999"#, .expired),
        (#""exp":1300"#, #""exp":1300.5"#, nil), (#""nbf":1000"#, #""nbf":"x""#, .notYetValid),
        (#","nbf":1000"#, "", nil),
        (#""sub":"user-1","#, "", .noSubject), (#""sub":"user-1""#, #""sub":"""#, .noSubject),
        (#""sub":"user-1""#, #""sub":7"#, .noSubject), (#""sub":"user-1""#, #""sub":"a\u0000""#, .noSubject),
        (#""tenant_id":"legacy""#, #""tenant_id":"""#, .noSubject), (#"}"#, "", .malformed), (#"{"#, "[", .malformed),
    ])
    func `every claim counts`(claim: String, other: String, refusal: TokenVerifier.Refusal?) throws {
        let claims = SigningKey.claims.replacing(claim, with: other)
        let found = Result { try subject(Self.ed25519.token(claims), Self.ed25519.pem) }
        switch found {
        case .success: #expect(refusal == nil, "\(claims)")
        case .failure(let error): #expect(error as? TokenVerifier.Refusal == refusal, "\(claims)")
        }
    }

    @Test func `a key checks signatures of its own kind alone`() throws {
        let token = Self.ed25519.token()
        #expect(throws: TokenVerifier.Refusal.forged) { try subject(Self.stranger.token(), Self.ed25519.pem) }
        #expect(throws: TokenVerifier.Refusal.unknownKey) { try subject(token, Self.rsa.pem) }
        #expect(throws: TokenVerifier.Refusal.unknownKey) { try subject(Self.ed25519.token(id: "c"), Self.set) }
        #expect(throws: TokenVerifier.Refusal.unknownKey) { try subject(Self.ed25519.token(id: "b"), Self.set) }
        for header in [
            #"{"alg":"none"}"#, #"{"alg":"HS256"}"#, #"{"alg":"RS256"}"#, #"{"alg":"eddsa"}"#, #"{"typ":"JWT"}"#,
            #"{"alg":"EdDSA","crit":["b64"],"b64":false}"#,
        ] {
            #expect(throws: TokenVerifier.Refusal.unknownKey, "\(header)") {
                try subject(Self.ed25519.token(header: header), Self.ed25519.pem)
            }
        }
        let parts = token.split(separator: ".")
        for broken in [
            "", "a", "a.b", "..", "\(parts[0]).\(parts[1])", "\(parts[0]).\(parts[1]).", "\(token).", "\(token)=",
            "\(parts[0]).\(parts[1]).AAAA", " \(token)", String(repeating: "a", count: 20_000),
        ] {
            #expect(throws: TokenVerifier.Refusal.self, "\(broken)") { try subject(broken, Self.ed25519.pem) }
        }
    }

    @Test func `no changed bit goes unnoticed`() throws {
        let token = Array(Self.ed25519.token().utf8)
        let verifier = try verifier(Self.ed25519.pem)
        for place in token.indices {
            for bit in 0..<7 {
                var changed = token
                changed[place] ^= 1 << bit
                #expect(throws: TokenVerifier.Refusal.self, "bit \(bit) of byte \(place)") {
                    try verifier.subject(of: String(decoding: changed, as: UTF8.self), at: SigningKey.now)
                }
            }
        }
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"keys":[]}"#, #"{"keys":7}"#, #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#,
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}]}"#,
    ])
    func `a file without a public key is none`(file: String) {
        #expect(throws: TokenKeyFile.Failure.self) { try TokenKeyFile(Array(file.utf8)) }
    }

    // MARK: - Who asks

    private static let secret = "s3cret-of-a-key-of-the-tests"

    private func caller(
        _ params: [String: String], pathSecret: String? = nil, hasKey: Bool = true, takesTokens: Bool = true
    ) throws -> Caller {
        // Good now, whenever that is.
        let authenticator = Authenticator(
            keys: hasKey ? [AccessKey(name: "team", secret: Self.secret)] : [], tokens: try verifier(Self.ed25519.pem))
        return try authenticator.identify(
            FastCGIRequest(params: params, stdin: .success([])), pathSecret: pathSecret, takesTokens: takesTokens)
    }

    private static let lasting = ed25519.token(
        SigningKey.claims.replacing(#""exp":1300"#, with: #""exp":99999999999"#))

    @Test func `a token says who asks, and a key for whom`() throws {
        let subject = TokenSubject(tenant: nil, user: "user-1")
        let bearer = ["HTTP_AUTHORIZATION": "Bearer \(Self.lasting)"]
        #expect(try caller(bearer) == Caller(name: "jwt", subject: subject))
        #expect(try caller(bearer, hasKey: false) == Caller(name: "jwt", subject: subject))
        #expect(try caller(bearer, pathSecret: Self.secret) == Caller(name: "team", subject: subject))
        #expect(try caller(bearer, pathSecret: "wrong") == Caller(name: "jwt", subject: subject))
        #expect(try caller(["HTTP_X_API_KEY": Self.secret]) == Caller(name: "team"))
        #expect(try caller([:], pathSecret: Self.secret) == Caller(name: "team"))
    }

    @Test func `a token that is not right is refused beside a key, too`() throws {
        for token in [Self.ed25519.token(), Self.stranger.token()] {
            let refusal = try #require(throws: Refusal.self) {
                try caller(["HTTP_AUTHORIZATION": "Bearer \(token)"], pathSecret: Self.secret)
            }
            #expect(refusal.status == 401)
        }
    }

    @Test func `a token counts only where tokens do`() throws {
        let bearer = ["HTTP_AUTHORIZATION": "Bearer \(Self.lasting)"]
        #expect(throws: Refusal.self) { try caller(bearer, takesTokens: false) }
        // Without a key configured programs on this machine may use the service, and below /v1 no longer where tokens are taken.
        let local = ["REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"]
        #expect(try caller(local, hasKey: false, takesTokens: false) == Caller(name: "local"))
        #expect(throws: Refusal.self) { try caller(local, hasKey: false) }
    }
}
