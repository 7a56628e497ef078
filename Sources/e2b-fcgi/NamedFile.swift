import Glibc
import System

/// A file that is named on the command line. The name `-` stands for standard input or standard output.
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

    /// Reads the whole file. It holds at most `limit` bytes and one block.
    func read(limit: Int) throws -> [UInt8] {
        let bytes: [UInt8]?
        do throws(SystemError) {
            let file = try open(O_RDONLY)
            defer { close(file) }
            bytes = try Descriptor.readAll(file, limit: limit)
        } catch {
            throw Failure("\(self) cannot be read: \(error.words)")
        }
        guard let bytes else { throw Failure("\(self) is rejected: more bytes than the limit of \(limit)") }
        return bytes
    }

    func write(_ bytes: [UInt8]) throws {
        do throws(SystemError) {
            let file = try open(O_WRONLY | O_CREAT | O_TRUNC)
            do throws(SystemError) {
                try Descriptor.write(bytes[...], to: file)
            } catch {
                close(file)
                throw error
            }
            // Some file systems, such as NFS, report a full disk only at close(2).
            guard close(file) == 0 else { throw SystemError.last("close") }
        } catch {
            throw Failure("\(self) cannot be written: \(error.words)")
        }
    }

    private func open(_ flags: CInt) throws(SystemError) -> CInt {
        guard isInherited else { return try Descriptor.open(path, flags) }
        return try Descriptor.copy(of: inherited)
    }
}
