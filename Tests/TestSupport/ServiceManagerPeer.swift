package import Foundation
import Glibc
import Synchronization

/// A Unix socket that listens, and that the processes which are started inherit, as systemd has them do.
///
/// Connections wait in it while there is no process.
package final class HeldSocket: Sendable {
    package let path: String
    package let descriptor: CInt

    package init(_ path: String) throws {
        self.path = path
        let socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // Above those numbers that a child gets.
        descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 100)
        close(socket)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0, listen(descriptor, 4096) == 0 else {
            throw HarnessError.unreadable("socket \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Starts a responder that serves sockets which are passed to it.
    ///
    /// - Parameter prefix: shell code before the responder takes the shell's place.
    package static func start(
        _ sockets: [HeldSocket], environment: [String: String], in folder: URL,
        prefix: String = "export LISTEN_PID=$$"
    ) async throws -> ChildProcess {
        let variables = ["LISTEN_FDS": "\(sockets.count)"].merging(environment) { _, own in own }
        return try await ChildProcess(
            Binaries.system("bash"), ["-c", #"\#(prefix); exec "$@""#, "--", Binaries.responder.path], name: "e2b-fcgi",
            environment: variables, in: folder, passing: sockets.map(\.descriptor))
    }
}

/// The socket of a service manager, which hears what processes say of themselves: sd_notify(3).
package final class NotificationPeer: Sendable {
    /// As NOTIFY_SOCKET has it.
    package let name: String
    private let descriptor: CInt
    private let state = Mutex<[String]>([])

    /// - Parameter name: a path, or `@` and an abstract name.
    package init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
        if name.hasPrefix("@") { address.sun_path.0 = 0 }
        let length = MemoryLayout<sa_family_t>.size + name.utf8.count
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
        }
        guard status == 0 else { throw HarnessError.unreadable("socket \(name)") }
    }

    deinit {
        close(descriptor)
        if name.hasPrefix("/") { unlink(name) }
    }

    /// All messages so far.
    package var messages: [String] {
        state.withLock { messages in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT)), count > 0 {
                messages.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
            return messages
        }
    }

    /// Whether a message has this variable with this value.
    package func has(_ assignment: String) -> Bool {
        messages.contains { $0.split(separator: "\n").contains(Substring(assignment)) }
    }
}
