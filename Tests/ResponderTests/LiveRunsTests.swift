import FastCGI
import Foundation
import Interpreter
import Synchronization
import TestSupport
import Testing

@testable import Responder

/// Cancelling a run by its key, from the process that has it and from another one.
@Suite(.timeLimit(.minutes(5)))
struct LiveRunsTests {
    /// A state directory, and the registries of two processes that use it.
    private final class Place: Sendable {
        let folder = FileManager.default.temporaryDirectory.appending(path: "state-\(UUID().uuidString)")
        let one: LiveRuns
        let other: LiveRuns

        init() {
            one = LiveRuns(StateDirectory(folder.path)) { _ in }
            other = LiveRuns(StateDirectory(folder.path)) { _ in }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        var names: [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "runs").path)) ?? []
        }
    }

    private func identity(_ owner: String, _ conversation: String? = nil) -> Identity {
        var params = [
            "REQUEST_METHOD": "POST", "SCRIPT_NAME": "/mcp", "HTTP_X_USER_ID": owner,
        ]
        params["HTTP_X_CONVERSATION_ID"] = conversation
        return Identity(of: FastCGIRequest(params: params, stdin: .success([])), "key", ["key"])
    }

    private func key(_ id: String = "7", _ owner: String = "ann", _ conversation: String? = "one") -> RunKey {
        RunKey(service: "e2b_0", identity(owner, conversation), id: id)
    }

    /// Until it is cancelled.
    private static func endless() async -> Bool {
        try? await Task.sleep(for: .seconds(3600))
        return Task.isCancelled
    }

    private func begin(_ run: LiveRun, in runs: LiveRuns) async -> Task<Bool, Never> {
        let begun = OneShotChannel<Void>()
        let task = Task {
            await runs.holding([run]) {
                _ = begun.deliver(())
                return await run.cancellable { await Self.endless() }
            }
        }
        await begun.receive()
        return task
    }

    @Test func `a run is cancelled by the process that has it, and by another one`() async {
        let place = Place()
        for canceller in [place.one, place.other] {
            let task = await begin(LiveRun(key()), in: place.one)
            canceller.cancel(key())
            #expect(await task.value)
        }
        #expect(place.names.allSatisfy { $0.hasPrefix("pipe-") })
        place.one.stop()
        #expect(place.names.isEmpty)
    }

    @Test func `who cancels a run is told whether there was one`() async {
        let place = Place()
        let task = await begin(LiveRun(key()), in: place.one)
        for runs in [place.one, place.other] {
            #expect(runs.has(key()) && !runs.has(key("8")) && !runs.cancel(key("8")))
        }
        #expect(place.other.cancel(key()))
        #expect(await task.value)
        #expect(!place.other.has(key()) && !place.other.cancel(key()))
    }

    @Test func `of two runs of one key neither is cancelled, until one of them has ended`() async {
        let place = Place()
        let (first, second) = (LiveRun(key()), LiveRun(key()))
        let one = await begin(first, in: place.one)
        let two = await begin(second, in: place.other)
        place.one.cancel(key())
        place.other.cancel(key())
        // What is cancelled after them is heard after them.
        let last = await begin(LiveRun(key("8")), in: place.one)
        place.other.cancel(key("8"))
        #expect(await last.value)
        #expect(!first.isCancelled && !second.isCancelled)
        one.cancel()
        _ = await one.value
        place.one.cancel(key())
        #expect(await two.value)
        #expect(second.isCancelled)
    }

    @Test func `keys differ by owner, conversation, id and the type of the id`() {
        let keys = [
            key(), key("\"7\""), key("8"), key("7", "bob"), key("7", "ann", "two"), key("7", "ann", nil),
            key("7", "", "one"), key("7", "annone", nil),
            RunKey(service: "e2b_1", identity("ann", "one"), id: "7"),
        ]
        #expect(Set(keys).count == keys.count)
        #expect(key() == key())
    }

    @Test func `what is left of processes that were killed matches nothing, and is taken away`() async throws {
        let place = Place()
        let folder = place.folder.appending(path: "runs").path
        // Makes the folder.
        let first = await begin(LiveRun(key("1")), in: place.one)
        for (key, name) in [(key(), "a"), (key(), "b"), (key("9"), "c")] {
            #expect(mkfifo("\(folder)/\(key.digits)-\(String(repeating: name, count: 16))", 0o600) == 0)
        }
        let task = await begin(LiveRun(key()), in: place.one)
        place.one.cancel(key())
        #expect(await task.value)
        #expect(place.names.count { $0.hasPrefix(key().digits) } == 0)
        // A process that begins sweeps.
        let other = await begin(LiveRun(key("2")), in: place.other)
        #expect(place.names.count { $0.hasPrefix(key("9").digits) } == 0)
        for task in [first, other] {
            task.cancel()
            _ = await task.value
        }
    }

    @Test(arguments: ["\"\(String(repeating: "../", count: 300))\"", "\"a/b\0c\"", "\"\"", "-1"])
    func `no id becomes a file's name`(id: String) async {
        let place = Place()
        let task = await begin(LiveRun(key(id)), in: place.one)
        #expect(place.names.count == 2)
        for name in place.names { #expect(name.wholeMatch(of: /(pipe-|[0-9a-f]{32}-)[0-9a-f]{16}/) != nil) }
        place.other.cancel(key(id))
        #expect(await task.value)
    }

    @Test func `a directory that others may enter is not used, and the process knows its own runs`() async throws {
        let place = Place()
        let runs = place.folder.appending(path: "runs")
        try FileManager.default.createDirectory(at: runs, withIntermediateDirectories: true)
        chmod(runs.path, 0o777)
        let notices = Mutex<[String]>([])
        let own = LiveRuns(StateDirectory(place.folder.path)) { notice in notices.withLock { $0.append(notice) } }
        for id in ["1", "2"] {
            let task = await begin(LiveRun(key(id)), in: own)
            own.cancel(key(id))
            #expect(await task.value)
        }
        #expect(place.names.isEmpty)
        #expect(notices.withLock { $0.count } == 1)
    }

    @Test func `a directory that somebody empties is filled again`() async throws {
        let place = Place()
        let task = await begin(LiveRun(key("1")), in: place.one)
        try FileManager.default.removeItem(at: place.folder)
        let next = await begin(LiveRun(key()), in: place.one)
        place.other.cancel(key())
        #expect(await next.value)
        task.cancel()
        _ = await task.value
    }

    @Test func `a run that was cancelled before it began ends at once`() async {
        let run = LiveRun(key())
        run.cancel()
        run.cancel()
        #expect(await run.cancellable { await Self.endless() })
    }

    @Test func `a directory that cannot be written is named at the start`() throws {
        for path in ["state", "/etc/passwd", "/nowhere/at/all"] {
            #expect(throws: ConfigurationError.self) {
                try Configuration(environment: ["E2B_FCGI_STATE_DIR": path])
            }
        }
        _ = try Configuration(environment: ["E2B_FCGI_STATE_DIR": "/tmp/e2b-fcgi-state-that-is-not-there"])
    }
}
