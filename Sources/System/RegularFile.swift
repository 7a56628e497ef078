internal import Glibc

/// Reads whole files that an operator names.
package enum RegularFile {
    /// Why a file is not read.
    package enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        case unreadable(SystemError)
        /// It is a folder, a pipe or a device.
        case other
        case tooLarge(limit: Int)

        /// The end of a sentence that begins with the file's name.
        package var description: String {
            switch self {
            case .unreadable(let error): "it cannot be read (\(error.reason))"
            case .other: "it must be a file"
            case .tooLarge(let limit): "it has more than \(limit) bytes"
            }
        }
    }

    package static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let outcome: Result<[UInt8], Failure>
        do throws(SystemError) {
            outcome = try attempt(path, limit)
        } catch {
            outcome = .failure(.unreadable(error))
        }
        return try outcome.get()
    }

    private static func attempt(_ path: String, _ limit: Int) throws(SystemError) -> Result<[UInt8], Failure> {
        // O_NONBLOCK prevents open(2) from waiting if the path leads to a named pipe.
        let file = try Descriptor.open(path, O_RDONLY | O_NONBLOCK)
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .last("fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.other) }
        return try Descriptor.readAll(file, limit: limit).map { .success($0) } ?? .failure(.tooLarge(limit: limit))
    }
}
