import Glibc
import System

/// A named pipe through which other processes tell this one which of its runs to cancel.
///
/// Each run is one more name of the pipe (link(2)). So whoever finds the name of a run can open it and write to the
/// process, and no file has any content. If the process has died, opening the name fails, because nobody reads (ENXIO).
final class RunPipe: Sendable {
    private let folder: String
    private let descriptor: CInt
    /// The pipe's first name, from which the names of runs are linked.
    private let name: String

    /// - Parameter onName: is called with the name of each run that is to be cancelled, on the thread that reads the
    ///   pipe.
    init(in folder: String, onName: @escaping @Sendable (String) -> Void) throws(SystemError) {
        self.folder = folder
        name = "\(Self.prefix)\(UInt64.random(in: .min ... .max).hexadecimal)"
        Self.sweep(folder)
        let path = "\(folder)/\(name)"
        guard mkfifo(path, 0o600) == 0 else { throw .last("mkfifo") }
        do throws(SystemError) {
            // The pipe is opened for writing as well, so that it always has a writer, and reading waits instead of
            // finding the end.
            descriptor = try Descriptor.open(path, O_RDWR | O_NOFOLLOW)
        } catch {
            unlink(path)
            throw error
        }
        do throws(SystemError) {
            try startThread(named: "cancelling", stackSize: 256 << 10) { [descriptor] in
                Self.read(descriptor, onName)
            }
        } catch {
            unlink(path)
            _ = close(descriptor)
            throw error
        }
    }

    /// Ends the thread, and removes the pipe.
    func stop() {
        unlink("\(folder)/\(name)")
        Self.write("", to: descriptor)
    }

    func add(_ run: LiveRun) throws(SystemError) {
        guard link("\(folder)/\(name)", "\(folder)/\(Self.fileName(run))") == 0 else { throw .last("link") }
    }

    func remove(_ run: LiveRun) { unlink("\(folder)/\(Self.fileName(run))") }

    private static func fileName(_ run: LiveRun) -> String { "\(run.key.digits)-\(run.name)" }

    // MARK: - Other processes

    /// Cancels the run that has this key, in this process or another one, if it is the only one.
    ///
    /// - Returns: whether it is.
    static func cancel(_ key: RunKey, in folder: String) -> Bool {
        var found: (name: String, descriptor: CInt)?
        defer { if let found { _ = close(found.descriptor) } }
        for name in names(in: folder) where name.hasPrefix("\(key.digits)-") {
            guard let descriptor = open(name, in: folder) else { continue }
            guard found == nil else {
                // A client's ids begin anew with each connection. This id belongs to two runs, and nobody knows which
                // of them is meant.
                _ = close(descriptor)
                return false
            }
            found = (name, descriptor)
        }
        guard let found else { return false }
        write(String(found.name.dropFirst(RunKey.digitCount + 1)), to: found.descriptor)
        return true
    }

    /// Whether a run has this key.
    static func has(_ key: RunKey, in folder: String) -> Bool {
        names(in: folder).contains { name in
            guard name.hasPrefix("\(key.digits)-"), let descriptor = open(name, in: folder) else { return false }
            _ = close(descriptor)
            return true
        }
    }

    /// Opens a name for writing if its process is alive, and else removes it.
    private static func open(_ name: String, in folder: String) -> CInt? {
        do throws(SystemError) {
            return try Descriptor.open("\(folder)/\(name)", O_WRONLY | O_NONBLOCK | O_NOFOLLOW)
        } catch {
            if error.code == ENXIO { unlink("\(folder)/\(name)") }
            return nil
        }
    }

    /// Removes the names of processes that were killed.
    private static func sweep(_ folder: String) {
        for name in names(in: folder) {
            // A pipe that is being created has no reader yet, so young ones stay.
            if name.hasPrefix(prefix) {
                var status = stat()
                guard lstat("\(folder)/\(name)", &status) == 0, status.st_ctim.tv_sec < time(nil) - 60 else { continue }
            }
            if let descriptor = open(name, in: folder) { _ = close(descriptor) }
        }
    }

    /// Returns the names of runs and pipes in the folder.
    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < most, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let isRun = name.utf8.count == RunKey.digitCount + 17
            if isRun || name.hasPrefix(prefix) { names.append(name) }
        }
        return names
    }

    /// The largest number of names that are read. It exceeds the number of all runs of a machine.
    private static let most = 100_000
    private static let prefix = "pipe-"

    // MARK: - The pipe

    /// A line is shorter than PIPE_BUF, so lines of several processes do not mix.
    private static func write(_ name: String, to descriptor: CInt) {
        let line = Array("\(name)\n".utf8)
        _ = uninterrupted { Glibc.write(descriptor, line, line.count) }
    }

    /// Reads until an empty line comes, with which `stop()` ends the thread.
    private static func read(_ descriptor: CInt, _ onName: (String) -> Void) {
        defer { _ = close(descriptor) }
        var line: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = uninterrupted { Glibc.read(descriptor, &bytes, bytes.count) }
            guard count > 0 else { return }
            for byte in bytes[..<count] {
                guard byte == UInt8(ascii: "\n") else {
                    line.append(byte)
                    continue
                }
                guard !line.isEmpty else { return }
                onName(String(decoding: line, as: UTF8.self))
                line = []
            }
        }
    }
}
