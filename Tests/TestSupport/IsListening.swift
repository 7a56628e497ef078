import Foundation

/// Whether somebody listens on a Unix socket. Its file is there a moment before that, and connections are refused meanwhile.
package func isListening(on path: String) -> Bool {
    let sockets = (try? FileHandle(forReadingFrom: URL(filePath: "/proc/net/unix")).readToEnd()) ?? Data()
    // Address, references, protocol, flags, type, state, inode, path. proc_pid_net(5)
    return String(decoding: sockets, as: UTF8.self).split(separator: "\n").contains { line in
        let fields = line.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: true)
        return fields.count == 8 && fields[3] == "00010000" && fields[7] == path
    }
}
