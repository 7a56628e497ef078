import Foundation
import Glibc
import TestSupport
import Testing

/// Little memory or few threads: the program serves, or it says why not and ends. It never hangs, and never crashes.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct ShortageTests {
    /// How a start under a limit has come out.
    private enum Outcome: Equatable {
        case served
        case refused(String)
    }

    /// - Parameter wrapper: sets the limit.
    private func start(_ wrapper: [String], _ settings: [String: String] = [:]) async throws -> Outcome {
        let e2b = CannedE2B()
        return try await LoneResponder.with(
            e2b, wrapper: wrapper, environment: settings.merging(["SWIFT_BACKTRACE": "enable=no"]) { own, _ in own },
            awaits: false
        ) { responder in
            let process = responder.process
            try await eventually("an end, or a beginning", within: .seconds(300)) {
                process.exit != nil || process.log.contains("listening on ")
            }
            if let exit = process.exit {
                // The loader has an exit status of its own.
                #expect(exit == .status(1) || exit == .status(127), "\(exit): \(process.log)")
                #expect(process.log.contains("rror"), "\(exit): \(process.log)")
                return .refused(process.log)
            }
            // All threads are at work at the same time.
            let statuses = try await withThrowingTaskGroup { group in
                for _ in 0..<10 { group.addTask { try await responder.execute().status } }
                for _ in 0..<10 { group.addTask { try await responder.get("/health").status } }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [200: 20], "\(process.log)")
            process.signal(SIGTERM)
            #expect(await process.ended() == .status(0), "\(process.log)")
            return .served
        }
    }

    /// What leaves little for requests, so that threads are what is scarce.
    private static let small = [
        "E2B_FCGI_MEMORY": "33554432", "E2B_FCGI_BODY_LIMIT": "1000000", "E2B_FCGI_FILE_BYTES": "1000000",
        "E2B_FCGI_IMAGE_INPUT_BYTES": "1000000",
    ]

    private func limited(memory kilobytes: Int) -> [String] {
        ["bash", "-c", "ulimit -c 0; ulimit -v \(kilobytes); exec \"$@\"", "--"]
    }

    /// From where the loader fails to where everything is served, closer together where threads begin to be granted.
    @Test(arguments: Array(stride(from: 60_000, to: 190_000, by: 13_000)) + [400_000, 700_000, 1_000_000, 2_000_000])
    func `little memory is told in a sentence, or is enough`(kilobytes: Int) async throws {
        let outcome = try await start(limited(memory: kilobytes))
        if kilobytes == 2_000_000 { #expect(outcome == .served) }
        if kilobytes == 400_000, case .refused(let log) = outcome {
            #expect(log.contains("E2B_FCGI_MEMORY=536870912 may take ") && log.contains("(ulimit -v)"), "\(log)")
        }
    }

    /// With a budget that fits, threads are what is scarce.
    @Test(arguments: Array(stride(from: 190_000, through: 450_000, by: 6500)))
    func `whether there is room for all threads is known at the start`(kilobytes: Int) async throws {
        let outcome = try await start(limited(memory: kilobytes), Self.small)
        if case .refused(let log) = outcome { #expect(log.contains("(ulimit -v)"), "\(log)") }
    }

    /// Of a user of its own, who has no other processes. Root has no such limit.
    @Test(.enabled(if: getuid() == 0), arguments: Array(1...32))
    func `few processes are told in a sentence, or are enough`(count: Int) async throws {
        let user = 1_900_000_000 + Int(getpid()) * 64 % 100_000_000 + count
        let outcome = try await start([
            "bash", "-c",
            "chown \(user) .; exec setpriv --reuid=\(user) --clear-groups prlimit --nproc=\(count) -- \"$@\"", "--",
        ])
        switch outcome {
        case .served: #expect(count > 10)
        case .refused(let log):
            #expect(log.contains("the system grants ") && log.contains("(ulimit -u)"), "\(log)")
        }
    }

    @Test(arguments: [100_000, 150_000, 200_000, 250_000, 300_000])
    func `a CGI program, too, says why it cannot answer`(kilobytes: Int) async throws {
        let limited = limited(memory: kilobytes)
        let program = try await ChildProcess(
            Binaries.system(limited[0]), Array(limited.dropFirst()) + [Binaries.responder.path],
            environment: [
                "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "PATH_INFO": "/health",
                "SWIFT_BACKTRACE": "enable=no", "E2B_API_KEY": "e2b_0",
            ], in: FileManager.default.temporaryDirectory)
        let exit = await program.ended()
        if exit == .status(0) {
            #expect(program.outputText.hasPrefix("Status: 200 OK\r\n"))
        } else {
            #expect(exit == .status(1) || exit == .status(127), "\(exit): \(program.log)")
            #expect(program.log.contains("rror"), "\(program.log)")
        }
    }
}
