/// A kind of request for which a fault can be injected.
package enum FaultStep: String, Sendable, CaseIterable {
    case create, kill, execute, contexts, list, info, timeout, connect
    /// All requests about files and processes.
    case envd
    case processStart = "process-start"
    case processConnect = "process-connect"
    case processList = "process-list"
    case processSignal = "process-signal"
    case processInput = "process-input"
    case fileRead = "file-read"
    case fileWrite = "file-write"
    case fileStat = "file-stat"
    case fileList = "file-list"
    case fileMake = "file-make"
    case fileMove = "file-move"
    case fileRemove = "file-remove"
    /// A connection to a sandbox's port.
    case edge

    /// Whether envd serves the request.
    var isEnvd: Bool {
        self == .envd || rawValue.hasPrefix("process-") || rawValue.hasPrefix("file-")
    }

    /// Whether the response can be a Connect stream.
    var canBeStream: Bool {
        [.envd, .processStart, .processConnect].contains(self)
    }

    static let rpcs: [String: FaultStep] = [
        "process.Process/Start": .processStart, "process.Process/Connect": .processConnect,
        "process.Process/List": .processList, "process.Process/SendSignal": .processSignal,
        "process.Process/SendInput": .processInput, "process.Process/StreamInput": .processInput,
        "process.Process/CloseStdin": .processInput, "filesystem.Filesystem/Stat": .fileStat,
        "filesystem.Filesystem/ListDir": .fileList, "filesystem.Filesystem/MakeDir": .fileMake,
        "filesystem.Filesystem/Move": .fileMove, "filesystem.Filesystem/Remove": .fileRemove,
    ]
}
