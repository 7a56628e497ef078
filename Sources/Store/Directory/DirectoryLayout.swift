/// Where everything is in the store's folder:
///
///     <owner>/<session>/<file>           the bytes of a file
///     <owner>/<session>/<file>.json      its sidecar. A file is there when its sidecar is
///     <owner>/<session>/.<file>.new      bytes, or a sidecar, that are being written
///     <owner>/<log>.log/<number>         an entry of a log
///     <owner>/.usage                     the bytes of an owner's files, as a number
///     .usage                             those of all files
///     .sweep                             how far the sweep has come
///     .link-secret                       the secret of the links
///
/// All parts of a path are ids: letters, digits, `-` and `_`.
struct DirectoryLayout: Sendable {
    let root: String

    var linkSecret: String { "\(root)/.link-secret" }

    var sweepProgress: String { "\(root)/.sweep" }
    var usage: String { "\(root)/.usage" }

    func usage(of owner: StoreOwner) -> String { "\(folder(of: owner))/.usage" }

    func folder(of owner: StoreOwner) -> String { "\(root)/\(owner.text)" }

    func folder(_ place: StorePlace) -> String { "\(folder(of: place.owner))/\(place.session.text)" }

    func relativePath(_ file: FileID, of owner: StoreOwner) -> String {
        "\(owner.text)/\(file.session.text)/\(file.text)"
    }

    func bytes(_ file: FileID, of owner: StoreOwner) -> String { "\(root)/\(relativePath(file, of: owner))" }

    func sidecar(_ file: FileID, of owner: StoreOwner) -> String { bytes(file, of: owner) + Self.sidecarSuffix }

    func newBytes(_ file: FileID, of owner: StoreOwner) -> String {
        "\(folder(StorePlace(owner, file.session)))/.\(file.text)\(Self.newSuffix)"
    }

    func newSidecar(_ file: FileID, of owner: StoreOwner) -> String {
        "\(folder(StorePlace(owner, file.session)))/.\(file.text)\(Self.sidecarSuffix)\(Self.newSuffix)"
    }

    func folder(_ log: LogID, of owner: StoreOwner) -> String { "\(folder(of: owner))/\(log.text)\(Self.logSuffix)" }

    static let sidecarSuffix = ".json"
    static let newSuffix = ".new"
    static let logSuffix = ".log"
}
