package import Foundation

/// What the package built, and the files of the repository that go with it.
package enum Binaries {
    package static var responder: URL { folder.appending(path: "e2b-fcgi") }
    package static var local: URL { (Sanitizer.isWatchingAddresses ? ordinary : folder).appending(path: "e2b-local") }

    /// The ordinary build: what is not tested under AddressSanitizer is not built for it again.
    private static var ordinary: URL { repository.appending(path: ".build/debug") }

    /// The folder of the test runner: SwiftPM puts the executables a test target depends on beside it.
    package static var folder: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// The top of the repository.
    package static var repository: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    /// A program of the system, also where an ordinary user's `PATH` does not look: Debian keeps nginx in `/usr/sbin`.
    package static func system(_ name: String) throws -> URL {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let folders = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
        for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
            return URL(filePath: "\(folder)/\(name)")
        }
        throw HarnessError.missing(program: name)
    }
}

/// Why the harness, not the program under test, could not go on.
package enum HarnessError: Error, CustomStringConvertible {
    case missing(program: String)
    case cannotStart(program: String, reason: String)
    case ended(program: String, exit: Exit, log: String)
    case late(waitingFor: String, log: String)
    case noFreePort
    case unreadable(String)

    package var description: String {
        switch self {
        case .missing(let program): "\(program) is not installed; `make deps` installs it"
        case .cannotStart(let program, let reason): "cannot start \(program): \(reason)"
        case .ended(let program, let exit, let log): "\(program) ended (\(exit)). Its log:\n\(log)"
        case .late(let what, let log): "waited in vain for \(what). The log:\n\(log)"
        case .noFreePort: "no free port on loopback"
        case .unreadable(let what): "cannot read \(what)"
        }
    }
}
