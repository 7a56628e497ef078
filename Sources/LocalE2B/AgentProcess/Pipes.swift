internal import Foundation
internal import System

/// The pipes between this program and one that it starts, with both ends.
struct Pipes {
    typealias Ends = (read: CInt, write: CInt)

    let input: Ends
    let output: Ends
    let log: Ends
    /// The pipes for a forked agent: stdin of the process that keeps its sandbox alive, and the pipe for bubblewrap's
    /// information about the sandbox.
    let keepAlive: Ends?
    let sandboxInfo: Ends?

    init(_ launch: Launch) throws(LocalE2BError) {
        var made: [Ends] = []
        do throws(SystemError) {
            for _ in 0..<(launch.fork == nil ? 2 : 4) { made.append(try Descriptor.pipe()) }
            switch launch.input {
            case .pipe: made.append(try Descriptor.pipe())
            case .socket: made.append(try Descriptor.socketPair(keepsMessages: true))
            }
        } catch {
            for ends in made { Self.closeBoth(ends) }
            throw .agentFailed("\(error)")
        }
        input = made.removeLast()
        (output, log) = (made[0], made[1])
        (keepAlive, sandboxInfo) = launch.fork == nil ? (nil, nil) : (made[2], made[3])
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
