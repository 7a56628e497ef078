import Glibc

/// A file named on the command line; `-` is one that the process was started with.
struct NamedFile: CustomStringConvertible {
    private let path: String
    private let inherited: CInt

    /// - Parameter inherited: the descriptor that `-` stands for.
    init(_ path: String, inherited: CInt) {
        self.path = path
        self.inherited = inherited
    }

    var isInherited: Bool { path == "-" }

    var description: String {
        guard isInherited else { return path }
        return inherited == STDIN_FILENO ? "standard input" : "standard output"
    }

    /// All of it, without ever holding more than `limit` bytes and one block.
    func read(limit: Int) throws -> [UInt8] {
        let file = isInherited ? dup(inherited) : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("cannot be read") }
        defer { close(file) }
        var block = [UInt8](repeating: 0, count: 1 << 16)
        var bytes: [UInt8] = []
        while true {
            let count = Glibc.read(file, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot be read") }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw Failure("\(self) is rejected: more bytes than the limit of \(limit)")
            }
            bytes += block[..<count]
        }
    }

    func write(_ bytes: [UInt8]) throws {
        let file = isInherited ? dup(inherited) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw failure("cannot be written") }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                defer { close(file) }
                throw failure("cannot be written")
            }
            rest = rest.dropFirst(count)
        }
        // Some file systems say only now that the disk is full.
        guard close(file) == 0 else { throw failure("cannot be written") }
    }

    /// To be called right after the call that failed: `errno` says why.
    private func failure(_ words: String) -> Failure {
        let reason = String(cString: strerror(errno))
        return Failure("\(self) \(words): \(reason)")
    }
}
