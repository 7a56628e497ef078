internal import Glibc
internal import System

/// Folders of the file system.
enum Folders {
    /// The web server may be in the group, and send files itself.
    static let mode: mode_t = 0o750

    /// Makes a folder, and those above it, unless it is there.
    static func make(_ path: String) throws(SystemError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw .last("mkdir")
        }
        try make(String(path[..<slash]))
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw .last("mkdir") }
    }

    /// - Returns: nil if there is nothing at the path. A link is not followed.
    static func status(of path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// Returns the bytes of the files in a folder.
    static func size(of path: String) -> Int {
        ((try? names(in: path)) ?? []).reduce(0) { $0 + Int(status(of: "\(path)/\($1)")?.st_size ?? 0) }
    }

    /// Returns the names in a folder, apart from hidden ones; none if there is no folder.
    static func names(in path: String, hidden: Bool = false) throws(StoreError) -> [String] {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return [] }
            throw StoreError(.last("opendir"))
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != "..", hidden || !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}
