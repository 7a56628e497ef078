import Foundation
import Store
import Synchronization
import Testing

@testable import Responder

struct StoreSettingsTests {
    @Test func `without a setting it is the usual folder, else one of the user's`() throws {
        #expect(
            try Configuration(environment: ["XDG_STATE_HOME": "/state", "HOME": "/home/me"]).store.place
                == .firstOf(["/var/lib/e2b-fcgi", "/state/e2b-fcgi"]))
        #expect(
            try Configuration(environment: ["HOME": "/home/me"]).store.place
                == .firstOf(["/var/lib/e2b-fcgi", "/home/me/.local/state/e2b-fcgi"]))
        #expect(try Configuration(environment: [:]).store.place == .firstOf(["/var/lib/e2b-fcgi"]))
        #expect(try Configuration(environment: ["E2B_FCGI_STORE": "off"]).store.place == .off)
        #expect(try Configuration(environment: ["E2B_FCGI_STORE": "/tmp/x"]).store.place == .directory("/tmp/x"))
    }

    @Test func `limits are what the operator says`() throws {
        let store = try Configuration(environment: [
            "E2B_FCGI_STORE_HOURS": "100", "E2B_FCGI_STORE_BYTES": "3000000", "E2B_FCGI_STORE_OWNER_BYTES": "2000000",
        ]).store
        #expect(store.limits.lifetime == .seconds(360_000))
        #expect(store.limits.bytes == 3_000_000 && store.limits.ownerBytes == 2_000_000)
        #expect(try Configuration(environment: [:]).store.limits == StoreLimits())
    }

    @Test(arguments: [
        ["E2B_FCGI_STORE": "relative"], ["E2B_FCGI_STORE": "/nowhere/at/all"], ["E2B_FCGI_STORE_HOURS": "24"],
        ["E2B_FCGI_STORE_BYTES": "1"], ["E2B_FCGI_STORE_BYTES": "2000000", "E2B_FCGI_STORE_OWNER_BYTES": "3000000"],
        ["E2B_FCGI_LINK_HOURS": "49"], ["E2B_FCGI_LINK_SECRET": "short"],
    ])
    func `what cannot work is named`(environment: [String: String]) {
        let told = complaints(environment)
        #expect(told.count == 1 && told[0].hasPrefix("E2B_FCGI_"), "\(told)")
        #expect(!told.joined().contains("short"))
    }

    @Test func `the first folder that can be written is taken, and none is no failure`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-place-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data().write(to: folder)
        var settings = try Configuration(environment: [:]).store
        settings.place = .firstOf(["\(folder.path)/below/a/file"])
        let sentences = Sentences()
        let none = try await Storage.open(settings) { sentences.add($0) }
        #expect(none == nil)
        #expect(sentences.all.count == 1 && sentences.all[0].contains("no files are kept"))
        let other = folder.path + "-2"
        defer { try? FileManager.default.removeItem(atPath: other) }
        settings.place = .firstOf(["\(folder.path)/below/a/file", "\(other)/deep/store"])
        let storage = try await Storage.open(settings)
        #expect(storage != nil)
        #expect(FileManager.default.fileExists(atPath: "\(other)/deep/store"))
    }
}

private final class Sentences: Sendable {
    private let list = Mutex<[String]>([])

    func add(_ text: String) { list.withLock { $0.append(text) } }

    var all: [String] { list.withLock { $0 } }
}
