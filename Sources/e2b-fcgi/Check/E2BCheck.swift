import E2B
import FoundationEssentials
import Responder

/// E2B: whether it takes the key, what its clock says, and whether it makes a sandbox of the template.
struct E2BCheck: ServiceCheck {
    let context: CheckContext

    func findings() async -> [Finding] {
        guard let client = context.client else {
            return [.failed("E2B key", "E2B_API_KEY is not set, so no code can be run: e2b.dev/dashboard has one.")]
        }
        let begin = ContinuousClock.now
        let date: String?
        do throws(E2BError) {
            date = try await client.checkKey()
        } catch {
            return [.failed("E2B key", "\(error)")]
        }
        let key = Finding.ok("E2B key", "accepted, in \(begin.elapsed)")
        return [key, clock(date), await template(client)]
    }

    private func clock(_ text: String?) -> Finding {
        guard let text, let theirs = HTTPDate.date(text) else { return .skipped("clock", "E2B does not tell its own.") }
        let clock = ClockComparison(ours: .now, theirs: theirs)
        switch clock.judgement {
        case .right: return .ok("clock", clock.description)
        case .off: return .warning("clock", "\(clock). Have this machine's set by NTP (systemd-timesyncd, chrony).")
        case .wrong:
            return .failed(
                "clock",
                "\(clock), so links and tokens end at wrong times. Have this machine's set by NTP (systemd-timesyncd, chrony)."
            )
        }
    }

    /// The only sure sign that the template can be used is a sandbox of it. It ends at once.
    private func template(_ client: E2BClient) async -> Finding {
        await Finding.about("template") {
            let name = context.configuration.template
            let begin = ContinuousClock.now
            let sandbox = try await client.create(SandboxOptions(template: name, timeout: .seconds(60)))
            let time = begin.elapsed
            let isAlive = try? await client.isAlive(sandbox)
            try await client.kill(sandbox: sandbox.id)
            guard isAlive == true else {
                return .failed("template", "a sandbox of \(name) was made and does not answer.")
            }
            return .ok("template", "\(name); a sandbox of it was made in \(time)")
        }
    }
}
