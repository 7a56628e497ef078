import Interpreter
import Testing

@testable import Responder

/// What a service that runs takes of an environment that was read again.
struct ReconfigurationTests {
    private let keys = "a:1234567890123456"

    @Test func `keys and limits are taken`() throws {
        let start = try Reconfiguration(start: ["E2B_FCGI_KEYS": keys])
        let next = try Reconfiguration(
            ["E2B_FCGI_KEYS": "\(keys),a:6543210987654321", "E2B_FCGI_EXECUTIONS": "7"], replacing: start.environment)
        #expect(next.keptNames.isEmpty)
        #expect(next.configuration.keys.map(\.name) == ["a", "a"])
        #expect(next.configuration.limits.executions.places == 7)
        // Two secrets are one owner's.
        #expect(next.configuration.limits.executions.ownerSandboxes == nil)
    }

    @Test func `what only a start reads stays, and is named`() throws {
        let start = try Reconfiguration(start: ["E2B_FCGI_STORE": "off", "E2B_FCGI_STORE_HOURS": "48"])
        let next = try Reconfiguration(
            ["E2B_FCGI_STORE_HOURS": "72", "E2B_FCGI_IMAGE_THREADS": "4", "E2B_FCGI_LINK_HOURS": "3"],
            replacing: start.environment)
        #expect(next.keptNames.sorted() == ["E2B_FCGI_IMAGE_THREADS", "E2B_FCGI_STORE", "E2B_FCGI_STORE_HOURS"])
        #expect(next.configuration.store.place == .off && next.configuration.limits.images.threads == 2)
        #expect(next.configuration.store.linkLifetime == .seconds(3 * 3600))
        // They are compared with what is in use, and not with what was asked for.
        #expect(try Reconfiguration(start.environment, replacing: next.environment).keptNames.isEmpty)
    }

    @Test func `what is wrong is refused, also where only a start would read it`() throws {
        let start = try Reconfiguration(start: [:])
        #expect(throws: ConfigurationError.self) {
            try Reconfiguration(["E2B_FCGI_IMAGE_THREADS": "0"], replacing: start.environment)
        }
    }

    @Test func `every setting that stays is a setting`() {
        #expect(Set(Setting.fixed.map(\.name)).isSubset(of: Set(Setting.all.map(\.name))))
        #expect(Set(Setting.secrets.map(\.name)).isSubset(of: Set(Setting.all.map(\.name))))
    }
}
