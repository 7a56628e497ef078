/// Where everything is in the bucket, below the prefix. It is the layout of a directory, so that files can be copied from one to the
/// other:
///
///     <owner>/<session>/<file>           the bytes of a file
///     <owner>/<session>/<file>.json      its sidecar. A file is there when its sidecar is
///     <owner>/<log>.log/<number>         an entry of a log
///     .link-secret                       the secret of the links
struct S3Layout: Sendable {
    static let sidecarSuffix = ".json"
    static let logSuffix = ".log"

    /// Ends with a `/`, or is empty.
    let prefix: String

    init(prefix: String) { self.prefix = prefix.isEmpty ? "" : prefix + "/" }

    var linkSecret: String { prefix + ".link-secret" }

    func folder(_ place: StorePlace) -> String { "\(prefix)\(place.owner.text)/\(place.session.text)/" }

    func bytes(_ file: FileID, of owner: StoreOwner) -> String { folder(StorePlace(owner, file.session)) + file.text }

    func sidecar(_ file: FileID, of owner: StoreOwner) -> String { bytes(file, of: owner) + Self.sidecarSuffix }

    func folder(_ log: LogID, of owner: StoreOwner) -> String { "\(prefix)\(owner.text)/\(log.text)\(Self.logSuffix)/" }

    /// What an object is by its key.
    enum Part: Equatable {
        case bytes(FileID, StoreOwner)
        case sidecar(FileID, StoreOwner)
        case entry
        /// Something of somebody else's.
        case foreign
    }

    func part(_ key: String) -> Part {
        guard key.hasPrefix(prefix) else { return .foreign }
        let names = key.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 3, let owner = StoreOwner(names[0]) else { return .foreign }
        if names[1].hasSuffix(Self.logSuffix) {
            let isEntry = LogID(names[1].dropLast(Self.logSuffix.count)) != nil && Int(names[2]) != nil
            return isEntry ? .entry : .foreign
        }
        let isSidecar = names[2].hasSuffix(Self.sidecarSuffix)
        guard let id = FileID(isSidecar ? names[2].dropLast(Self.sidecarSuffix.count) : names[2]),
            id.session.text == names[1]
        else { return .foreign }
        return isSidecar ? .sidecar(id, owner) : .bytes(id, owner)
    }
}
