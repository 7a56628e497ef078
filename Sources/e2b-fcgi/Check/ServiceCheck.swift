import E2B
import Fetch
import Responder

/// One of the things that `e2b-fcgi check` looks at.
protocol ServiceCheck: Sendable {
    /// Looks at it. What is wrong is a finding, and no error.
    func findings() async -> [Finding]
}

/// What the checks share.
struct CheckContext: Sendable {
    let environment: [String: String]
    let configuration: Configuration
    /// The file of settings; nil if there is none.
    let envFile: String?
    /// nil without a key of E2B.
    let client: E2BClient?
}

extension ContinuousClock.Instant {
    /// The seconds since then, rounded to hundredths, for a line of the report.
    var elapsed: String { "\(((ContinuousClock.now - self) / .milliseconds(10)).rounded() / 100) s" }
}
