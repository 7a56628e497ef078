import Foundation
import JSON
import TestSupport
import Testing

@testable import E2B

@Suite struct AddressTests {
    private func client(domain: String = "e2b.app", sandboxURL: String? = nil) throws -> E2BClient {
        try E2BClient(E2BConfiguration(apiKey: testKey, domain: domain, sandboxURL: sandboxURL))
    }

    @Test func `signatures follow the protocol's vectors`() throws {
        let client = try client()
        let base = "https://49983-if2846bd046cb1639aa8.e2b.app/files?path="
        let time = Date(timeIntervalSince1970: 1_795_220_464.9)
        #expect(
            try client.downloadURL(of: "/home/user/a b.txt", in: testSandbox)
                == base + "%2Fhome%2Fuser%2Fa%20b.txt&signature=v1_DRqJ3yYc6dTc06Bsf7gqbK1IADObRix9Ioug%2FoxIy3k")
        #expect(
            try client.downloadURL(of: "/home/user/a.txt", user: "user", expiresAt: time, in: testSandbox)
                == base + "%2Fhome%2Fuser%2Fa.txt&username=user"
                + "&signature=v1_7leTewlUf7DIaD5lJuVwfZZOVTTTfSE5%2BdtgKO6hEjk&signature_expiration=1795220464")
        #expect(
            try client.uploadURL(to: "/home/user/a.txt", in: testSandbox)
                == base + "%2Fhome%2Fuser%2Fa.txt&signature=v1_Zi6grz3zETluGX6RDDT3lVH47I3DrkHrBlzEDaFP2P0")
    }

    @Test func `a sandbox without a token needs no signature`() throws {
        let url = try client().downloadURL(of: "é", expiresAt: .now, in: Sandbox(id: "abc"))
        #expect(url == "https://49983-abc.e2b.app/files?path=%C3%A9")
    }

    @Test func `what cannot be a URL is refused`() throws {
        let client = try client()
        #expect(throws: E2BError.self) { try client.downloadURL(of: "a", in: Sandbox(id: "a/b")) }
        #expect(throws: E2BError.self) { try client.downloadURL(of: "a", in: Sandbox(id: "a", domain: "x/y")) }
        for time in [Double.infinity, .nan, 1e300] {
            #expect(throws: E2BError.self) {
                try client.uploadURL(to: "a", expiresAt: Date(timeIntervalSince1970: time), in: testSandbox)
            }
        }
    }

    /// The base of a signed URL, and an address.
    static let rows: [(sandboxURL: String?, domain: String?, base: String, host: String)] = [
        (nil, nil, "https://49983-abc.e2b.app", "8080-abc.e2b.app"),
        ("http://127.0.0.1:3002", nil, "http://127.0.0.1:3002", "8080-abc.e2b.app"),
        ("http://127.0.0.1:3002", "localhost:3002", "http://49983-abc.localhost:3002", "8080-abc.localhost:3002"),
        (nil, "eu.my.org", "https://49983-abc.eu.my.org", "8080-abc.eu.my.org"),
        (nil, "e2b.pro", "https://49983-abc.e2b.pro", "8080-abc.e2b.pro"),
    ]

    @Test(arguments: rows) func `an address is one that needs no headers`(
        sandboxURL: String?, domain: String?, base: String, host: String
    ) throws {
        let client = try client(sandboxURL: sandboxURL)
        let sandbox = Sandbox(id: "abc", domain: domain)
        #expect(try client.downloadURL(of: "a", in: sandbox) == base + "/files?path=a")
        let scheme = host.hasSuffix("localhost:3002") ? "http" : "https"
        #expect(
            client.address(ofPort: 8080, in: sandbox) == SandboxAddress(host: host, url: "\(scheme)://\(host)"))
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 57, 1000]) func `base64 is written as Foundation writes it`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 167 + 250) }
        #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
    }

    @Test func `versions are compared by number`() {
        let versions = ["0.4.0", "0.5.7", "0.5.10", "0.10.0", "1.0.0"].map { EnvdVersion($0) }
        #expect(versions.allSatisfy { $0 != nil })
        #expect(versions.compactMap(\.self) == versions.compactMap(\.self).sorted())
        for text in ["", "1", "1.2", "1.2.x", "1..2", "1.2.3.4", "-1.2.3"] { #expect(EnvdVersion(text) == nil) }
    }
}

@Suite(.timeLimit(.minutes(10))) struct ContextTests {
    @Test func `contexts are made, listed, restarted and deleted`() async throws {
        let context = #"{"id":"c-1_A","language":"python","cwd":"/tmp","later":0}"#
        let e2b = LoopbackE2B { request, connection in
            request.line.hasPrefix("GET")
                ? connection.respond("[\(context),{\"id\":\"c2\"},{}]")
                : connection.respond(request.line.hasPrefix("POST /contexts ") ? context : "null")
        }
        let expected = CodeContext(id: "c-1_A", language: "python", cwd: "/tmp")
        var sandbox = testSandbox
        sandbox.trafficAccessToken = "traffic"
        try await e2b.withClient { [sandbox] client in
            let made = try await client.createContext(language: "python", cwd: "/tmp", in: sandbox)
            _ = try await client.createContext(in: sandbox)
            let list = try await client.contexts(in: sandbox)
            #expect(made == expected && list == [expected, CodeContext(id: "c2", language: "", cwd: "")])
            try await client.restartContext("c-1_A", in: sandbox)
            try await client.deleteContext("c-1_A", in: sandbox)
        }
        #expect(
            e2b.requests.map(\.line) == [
                "POST /contexts HTTP/1.1", "POST /contexts HTTP/1.1", "GET /contexts HTTP/1.1",
                "POST /contexts/c-1_A/restart HTTP/1.1", "DELETE /contexts/c-1_A HTTP/1.1",
            ])
        #expect(
            e2b.requests[0].fields == [
                "e2b-sandbox-id": sandbox.id, "e2b-sandbox-port": "49999", "x-access-token": testToken,
                "e2b-traffic-access-token": "traffic", "content-type": "application/json",
            ])
        #expect(e2b.requests[0].body == Array(#"{"language":"python","cwd":"/tmp"}"#.utf8))
        #expect(e2b.requests[1].body == Array("{}".utf8))
    }

    @Test func `a context that is unknown, or cannot be one`() async throws {
        let e2b = LoopbackE2B("404 Not Found", ["Content-Type: text/plain"], "Context c1 not found")
        try await e2b.withClient { client in
            await #expect(throws: E2BError.notFound(.restartContext, message: "Context c1 not found")) {
                try await client.restartContext("c1", in: testSandbox)
            }
            for id in ["", "..", "a/b", "a?b", "é", String(repeating: "a", count: 129)] {
                await #expect(
                    throws: E2BError.refused(.deleteContext, status: 400, message: "this is not a context's id")
                ) { try await client.deleteContext(id, in: testSandbox) }
            }
            #expect(e2b.requests.count == 1)
        }
    }

    @Test func `a sandbox that was listed can be used`() async throws {
        let json = """
            {"templateID":"t","sandboxID":"if2846bd046cb1639aa8","clientID":"6532622b","envdVersion":"0.6.13",
             "envdAccessToken":"\(testToken)","domain":null,"startedAt":"2026-01-01T00:00:00Z",
             "endAt":"2026-01-01T00:05:00Z","state":"running","metadata":{"k":"v"}}
            """
        let e2b = LoopbackE2B("200 OK", [], json)
        try await e2b.withClient { client in
            let (sandbox, info) = try await client.sandbox(testSandbox.id)
            #expect(sandbox == testSandbox)
            #expect(
                info
                    == SandboxInfo(
                        id: testSandbox.id, templateID: "t", metadata: ["k": "v"],
                        startedAt: Date(timeIntervalSince1970: 1_767_225_600),
                        endsAt: Date(timeIntervalSince1970: 1_767_225_900)))
            #expect(e2b.requests.map(\.line) == ["GET /sandboxes/if2846bd046cb1639aa8 HTTP/1.1"])
        }
    }
}
