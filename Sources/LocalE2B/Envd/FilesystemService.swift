internal import FlyingFox
internal import Foundation

/// `filesystem.Filesystem`. Protocol.md, 4.5.
struct FilesystemService {
    let agent: Agent
    let watchers: FolderWatchers
    let call: ConnectCall

    private struct Path: Decodable {
        var path: String?
        var depth: Int?
    }

    private struct Paths: Decodable {
        var source: String?
        var destination: String?
    }

    func answer(_ method: String) async throws -> HTTPResponse {
        if method == "WatchDir", call.isStream {
            return .connect([.failure(Self.noStreams)])
        }
        guard !call.isStream else { throw HTTPError(response: HTTPResponse(statusCode: .of(415))) }
        do throws(ConnectError) {
            switch method {
            case "Stat": return .json(entry(try await agent.unary(Operation.Stat(path: path(), user: call.user))))
            case "MakeDir":
                return .json(entry(try await agent.unary(Operation.MakeDirectory(path: path(), user: call.user))))
            case "Move":
                let paths = try call.message(Paths.self)
                return .json(
                    entry(
                        try await agent.unary(
                            Operation.Move(
                                source: paths.source ?? "", destination: paths.destination ?? "", user: call.user))))
            case "Remove":
                _ = try await agent.unary(Operation.Remove(path: path(), user: call.user))
                return .json(Array("{}".utf8))
            case "ListDir":
                let message = try call.message(Path.self)
                return .json(
                    try await agent.unary(
                        Operation.ListDirectory(
                            path: message.path ?? "", depth: max(1, message.depth ?? 1), user: call.user)))
            case "CreateWatcher":
                let message = try call.message(Watch.self)
                let id = try await watchers.add(
                    path: message.path ?? "", isRecursive: message.recursive ?? false, user: call.user, in: agent)
                return try Self.json(["watcherId": id])
            case "GetWatcherEvents":
                let events = try await watchers.events(of: watcher(), in: agent)
                return try Self.json(events.isEmpty ? [:] : ["events": events])
            case "RemoveWatcher":
                try watchers.remove(watcher())
                return .json(Array("{}".utf8))
            default: throw ConnectError(code: .unimplemented, message: "filesystem.Filesystem has no method \(method)")
            }
        } catch {
            throw HTTPError.rpc(error)
        }
    }

    private static let noStreams = ConnectError(
        code: .unimplemented, message: "the local sandbox does not stream a folder's events: use CreateWatcher")

    private struct Watch: Decodable {
        var path: String?
        var recursive: Bool?
    }

    private struct Watcher: Decodable {
        var id: String?

        private enum CodingKeys: String, CodingKey {
            case camel = "watcherId"
            case snake = "watcher_id"
        }

        init(from decoder: any Decoder) throws {
            let message = try decoder.container(keyedBy: CodingKeys.self)
            id =
                try message.decodeIfPresent(String.self, forKey: .camel)
                ?? message.decodeIfPresent(String.self, forKey: .snake)
        }
    }

    private func watcher() throws(ConnectError) -> String {
        try call.message(Watcher.self).id ?? ""
    }

    private static func json(_ value: some Encodable) throws(ConnectError) -> HTTPResponse {
        do {
            return try .json(value)
        } catch {
            throw ConnectError(code: .internal_, message: "the answer cannot be written")
        }
    }

    private func path() throws(ConnectError) -> String {
        try call.message(Path.self).path ?? ""
    }

    private func entry(_ json: [UInt8]) -> [UInt8] {
        #"{"entry":"#.utf8 + json + "}".utf8
    }
}
