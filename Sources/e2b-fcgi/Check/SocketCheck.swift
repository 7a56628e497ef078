import FastCGI
import System

/// Whether the responder answers on its socket, asked as a web server asks.
struct SocketCheck: ServiceCheck {
    /// nil if it is not known.
    let address: Listener.Address?

    private static let subject = "socket"

    func findings() async -> [Finding] {
        guard let address else {
            return [.skipped(Self.subject, "it is not known: --socket unix:/run/e2b-fcgi/e2b-fcgi.sock")]
        }
        return [
            await Finding.about(Self.subject) {
                let begin = ContinuousClock.now
                let answer = try await Self.health(at: address)
                guard answer.contains(#""status":"healthy""#) else {
                    return .failed(Self.subject, "something else than this service answers on \(address)")
                }
                return .ok(Self.subject, "the responder answers on \(address), in \(begin.elapsed)")
            }
        ]
    }

    /// The probe blocks, so it has a thread of its own.
    private static func health(at address: Listener.Address) async throws -> String {
        try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<String, any Error>) in
            do {
                try startThread(named: "probe") {
                    waiter.resume(
                        with: Result {
                            let body = try ServerProbe.get("/health", at: address, within: .seconds(10))
                            return String(decoding: body, as: UTF8.self)
                        })
                }
            } catch {
                waiter.resume(throwing: error)
            }
        }
    }
}
