import FastCGI
import Interpreter
import Testing

@testable import Responder

struct RouterTests {
    /// An endpoint that answers with its name.
    private struct Named: Endpoint {
        let name: String
        let route: Route

        func accept(
            _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
        ) async throws(Refusal) -> Acceptance {
            .answered(Answer(status: 200, body: Array(name.utf8)))
        }

        func answer(to refusal: Refusal) -> Answer { Answer(status: refusal.status, body: Array(name.utf8)) }
    }

    private static func route(_ path: String, _ methods: [String]) -> Route {
        Route(path: path, methods: methods, access: .anyone, runsCode: false)
    }

    private let router = Router([
        Named(name: "run", route: .running("/run")),
        Named(name: "look", route: route("/thing", ["GET"])),
        Named(name: "change", route: route("/thing", ["PUT", "DELETE"])),
    ])

    @Test func `a part in braces stands for any one part`() {
        let router = Router([
            Named(name: "get", route: Self.route("/files/{session}/{file}", ["GET"])),
            Named(name: "drop", route: Self.route("/files/{session}/{file}", ["DELETE"])),
            Named(name: "list", route: Self.route("/files/{session}", ["GET"])),
            Named(name: "all", route: Self.route("/files/all", ["GET"])),
        ])
        func name(_ method: String, _ path: String) -> String? {
            guard case .endpoint(let endpoint, _) = router.match(method, path) else { return nil }
            return (endpoint as? Named)?.name
        }
        #expect(name("HEAD", "/files/a/b") == "get")
        #expect(name("DELETE", "/files/a/b") == "drop")
        #expect(name("GET", "/files/a") == "list")
        #expect(name("GET", "/files/all") == "all")
        #expect(
            Self.route("/files/{session}/{file}", []).values(in: "/files/a/b c") == ["session": "a", "file": "b c"])
        for path in ["/files", "/files/", "/files//b", "/files/a/", "/files/a/b/c", "files/a/b", "/x/files/a"] {
            #expect(name("GET", path) == nil, "\(path)")
        }
        guard case .otherMethod(_, let others) = router.match("POST", "/files/a/b") else {
            Issue.record("POST /files/a/b")
            return
        }
        #expect(others.flatMap(\.allowedMethods) == ["GET", "HEAD", "DELETE"])
    }

    private func name(_ method: String, _ path: String) -> String? {
        guard case .endpoint(let endpoint, _) = router.match(method, path) else { return nil }
        return (endpoint as? Named)?.name
    }

    @Test func `a request goes to the endpoint of its path and method`() {
        #expect(name("POST", "/run") == "run")
        #expect(name("GET", "/thing") == "look")
        #expect(name("HEAD", "/thing") == "look")
        #expect(name("PUT", "/thing") == "change")
        #expect(name("DELETE", "/thing") == "change")
    }

    @Test(arguments: ["/", "", "/run/", "/RUN", "/thing/x", "thing"]) func `other paths lead nowhere`(path: String) {
        guard case .nothing = router.match("POST", path) else {
            Issue.record("something at \(path)")
            return
        }
        #expect(router.route(at: path) == nil)
    }

    @Test func `another method is told which there are`() {
        for (method, path, expected) in [
            ("GET", "/run", ["POST"]), ("HEAD", "/run", ["POST"]), ("post", "/run", ["POST"]),
            ("POST", "/thing", ["GET", "HEAD", "PUT", "DELETE"]),
            ("OPTIONS", "/thing", ["GET", "HEAD", "PUT", "DELETE"]),
        ] {
            guard case .otherMethod(_, let others) = router.match(method, path) else {
                Issue.record("\(method) \(path)")
                continue
            }
            #expect(others.flatMap(\.allowedMethods) == expected)
        }
    }

    @Test func `the table tells itself`() {
        #expect(router.summary == "POST /run, GET /thing, PUT /thing and DELETE /thing")
        #expect(router.route(at: "/run")?.runsCode == true)
        #expect(Router([]).summary == "")
    }

    @Test func `an endpoint is asked without a web server`() async throws {
        let configuration = try Configuration(environment: [:])
        let health = HealthEndpoint(
            configuration: configuration, executions: Executions(configuration.limits.executions))
        let memory = configuration.limits.memory.reservation(for: "me")
        var question = FastCGIRequest(params: [:], stdin: .success([]))
        guard case .answered(let answer) = try await health.accept(&question, from: "", holding: memory) else {
            Issue.record("it runs code")
            return
        }
        #expect(answer.status == 200)
        #expect(
            String(decoding: answer.body, as: UTF8.self).contains(
                "\"executionLimit\":\(configuration.limits.executions.places)"))
        // Without a key for E2B a request is read all the same, and then refused.
        let execute = ExecuteEndpoint(services: nil, configuration: configuration, secrets: .none)
        for (body, status) in [(#"{"code":"1"}"#, 502), ("{}", 400), ("[", 400)] {
            let refusal = try await #require(throws: Refusal.self) {
                var request = FastCGIRequest(params: [:], stdin: .success(Array(body.utf8)))
                _ = try await execute.accept(&request, from: "me", holding: memory)
            }
            #expect(refusal.status == status)
            #expect(execute.answer(to: refusal).status == status)
        }
    }
}
