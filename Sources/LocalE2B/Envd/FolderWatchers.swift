internal import Foundation
internal import Synchronization

/// The folder watchers of a sandbox. Each remembers the listing of its folder, and compares it with a new one when it
/// is asked for events. So it misses files that were created and removed in between, and reports a rename as a removal
/// and a creation.
final class FolderWatchers: Sendable {
    struct Event: Encodable, Equatable {
        enum Kind: String, Encodable {
            case create = "EVENT_TYPE_CREATE"
            case write = "EVENT_TYPE_WRITE"
            case remove = "EVENT_TYPE_REMOVE"
            case chmod = "EVENT_TYPE_CHMOD"
        }

        /// Relative to the watched folder.
        let name: String
        let type: Kind
    }

    /// The fields of an entry that show whether it has changed.
    struct Entry: Decodable, Equatable {
        var path: String
        var type: String?
        var size: String?
        var mode: Int?
        var modifiedTime: String?
    }

    struct Listing: Decodable {
        var entries: [Entry]?
    }

    private struct Watcher {
        let request: Operation.ListDirectory
        var seen: [String: Entry]
    }

    private static let limit = 100
    private static let deepest = 32

    private let watchers = Mutex<[String: Watcher]>([:])

    /// Adds a watcher, and returns its identifier.
    func add(path: String, isRecursive: Bool, user: String?, in agent: Agent) async throws(ConnectError) -> String {
        let request = Operation.ListDirectory(path: path, depth: isRecursive ? Self.deepest : 1, user: user)
        let watcher = Watcher(request: request, seen: try await Self.look(request, agent))
        let id = Token.letters(16)
        let isAdded = watchers.withLock { watchers in
            guard watchers.count < Self.limit else { return false }
            watchers[id] = watcher
            return true
        }
        guard isAdded else { throw ConnectError(code: .resourceExhausted, message: "too many watchers") }
        return id
    }

    /// The changes since the last call.
    func events(of id: String, in agent: Agent) async throws(ConnectError) -> [Event] {
        guard let request = watchers.withLock({ $0[id]?.request }) else { throw Self.unknown(id) }
        let now = try await Self.look(request, agent)
        let before = watchers.withLock { watchers in
            let before = watchers[id]?.seen
            watchers[id]?.seen = now
            return before
        }
        guard let before else { throw Self.unknown(id) }
        return Self.changes(from: before, to: now)
    }

    func remove(_ id: String) throws(ConnectError) {
        guard watchers.withLock({ $0.removeValue(forKey: id) }) != nil else { throw Self.unknown(id) }
    }

    static func changes(from before: [String: Entry], to now: [String: Entry]) -> [Event] {
        let removed = before.keys.filter { now[$0] == nil }.sorted().map { Event(name: $0, type: .remove) }
        let rest = now.sorted { $0.key < $1.key }.flatMap { name, entry -> [Event] in
            guard let old = before[name] else { return [Event(name: name, type: .create)] }
            let isChanged =
                entry.type != "FILE_TYPE_DIRECTORY" && (entry.size, entry.modifiedTime) != (old.size, old.modifiedTime)
            return (isChanged ? [Event(name: name, type: .write)] : [])
                + (entry.mode != old.mode ? [Event(name: name, type: .chmod)] : [])
        }
        return removed + rest
    }

    private static func look(_ request: Operation.ListDirectory, _ agent: Agent) async throws(ConnectError) -> [String:
        Entry]
    {
        let folder = try await agent.unary(Operation.Stat(path: request.path, user: request.user))
        let json = try await agent.unary(request)
        guard let entries = try? JSONDecoder().decode(Listing.self, from: Data(json)).entries ?? [],
            let root = try? JSONDecoder().decode(Entry.self, from: Data(folder)).path
        else {
            throw ConnectError(code: .internal_, message: "the folder's listing cannot be read")
        }
        let prefix = root.hasSuffix("/") ? root : root + "/"
        return Dictionary(
            entries.map { ($0.path.hasPrefix(prefix) ? String($0.path.dropFirst(prefix.count)) : $0.path, $0) },
            uniquingKeysWith: { $1 })
    }

    private static func unknown(_ id: String) -> ConnectError {
        ConnectError(code: .notFound, message: "watcher with id \(id) not found")
    }
}
