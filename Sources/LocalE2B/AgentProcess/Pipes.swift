internal import CGNU
internal import Foundation

/// The pipes between this program and one that it starts, with both ends.
struct Pipes {
    typealias Ends = (read: CInt, write: CInt)

    let input: Ends
    let output: Ends
    let log: Ends
    /// For a forked agent: stdin of the process that keeps its sandbox alive, and the pipe for bubblewrap's information
    /// about the sandbox.
    let keepAlive: Ends?
    let sandboxInfo: Ends?

    init(_ launch: Launch) throws(LocalE2BError) {
        var made: [Ends] = []
        func make(_ create: (UnsafeMutablePointer<CInt>) -> CInt) throws(LocalE2BError) -> Ends {
            var ends: [CInt] = [-1, -1]
            guard create(&ends) == 0 else {
                let reason = String(cString: strerror(errno))
                for ends in made { Self.closeBoth(ends) }
                throw .agentFailed("no pipe: \(reason)")
            }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            made.append((ends[0], ends[1]))
            return (ends[0], ends[1])
        }
        input =
            switch launch.input {
            case .pipe: try make { pipe($0) }
            case .socket: try make { socketpair(AF_UNIX, CInt(SOCK_SEQPACKET.rawValue), 0, $0) }
            }
        output = try make { pipe($0) }
        log = try make { pipe($0) }
        keepAlive = launch.fork == nil ? nil : try make { pipe($0) }
        sandboxInfo = launch.fork == nil ? nil : try make { pipe($0) }
    }

    /// Closes the ends that belong to the child, once it has them.
    func closeChildEnds() {
        for descriptor in [input.read, output.write, log.write, keepAlive?.read] { descriptor.map { _ = close($0) } }
        if let sandboxInfo { Self.closeBoth(sandboxInfo) }
    }

    private static func closeBoth(_ ends: Ends) {
        close(ends.read)
        close(ends.write)
    }
}
