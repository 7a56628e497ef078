import Testing

@testable import FastCGI
@testable import Responder

@Suite
struct ServiceThreadsTests {
    private let threads: ServiceThreads

    init() throws { threads = try ServiceThreads() }

    private func executor(
        of route: Route?, _ params: [String: String] = ["CONTENT_LENGTH": "100"], inFlight: Int = 0
    ) -> (any TaskExecutor)? {
        threads.executor(
            for: FastCGIRequest(params: params, body: RequestBody(.success([]))), route, inFlight: inFlight)
    }

    @Test func `what is short runs where it arrives`() {
        let loop = threads.calling
        #expect(executor(of: .running("/execute", isShort: true)) === loop)
        #expect(executor(of: .telling("/health", isShort: true), [:]) === loop)
        #expect(executor(of: nil, [:]) === loop)
        #expect(loop != nil)
    }

    @Test(arguments: [nil, "", "16385", "1e3", "99999999999999999999"])
    func `a body that is large, or may be, is computed apart`(length: String?) {
        let params = length.map { ["CONTENT_LENGTH": $0] } ?? [:]
        #expect(executor(of: .running("/execute", isShort: true), params) === threads.computing)
    }

    @Test func `so is one whose target is long, and one that is not known to be short`() {
        let params = ["CONTENT_LENGTH": "100", "QUERY_STRING": String(repeating: "x", count: 2000)]
        #expect(executor(of: .running("/execute", isShort: true), params) === threads.computing)
        #expect(executor(of: .running("/e2bcode")) === threads.computing)
        #expect(executor(of: .telling("/openapi.json"), [:]) == nil)
        // Not on the loop, and not where large requests may keep it waiting.
        #expect(executor(of: .telling("/health", isShort: true), params) == nil)
    }
}

private func === (one: (any TaskExecutor)?, other: (any TaskExecutor)?) -> Bool {
    one.map { ObjectIdentifier($0 as AnyObject) } == other.map { ObjectIdentifier($0 as AnyObject) }
}
