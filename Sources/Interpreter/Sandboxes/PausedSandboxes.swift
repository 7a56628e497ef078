import E2B
import FoundationEssentials
import Synchronization
import System

/// The sessions' sandboxes that were paused at their end: resumes those that are used again, and kills those that are not.
final class PausedSandboxes: Sendable {
    private let client: E2BClient
    private let lifecycle: SandboxLifecycle
    let end: SessionEnd
    private let nextLook = Mutex(ContinuousClock.now)

    init(client: E2BClient, lifecycle: SandboxLifecycle, end: SessionEnd) {
        self.client = client
        self.lifecycle = lifecycle
        self.end = end
    }

    // MARK: Resuming

    /// - Returns: the sandbox, and when it will end at the earliest.
    /// - Throws: `.notFound` if it has ended.
    func resume(
        _ info: SandboxInfo, for timeout: Duration
    ) async throws(E2BError) -> (sandbox: Sandbox, endsAt: Date) {
        var pauses = Self.pauses[...]
        while true {
            let endsAt = Date.now + timeout.inSeconds
            do throws(E2BError) {
                return (try await client.connect(sandbox: info.id, timeout: timeout), endsAt)
            } catch {
                // It is just being paused, or another responder resumes it.
                guard case .refused(.connect, 409, _) = error, let pause = pauses.popFirst() else { throw error }
                // A cancelled task sleeps no more, and its next call throws.
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Their sum is about what it takes to write the memory of a large sandbox to a disk.
    private static let pauses =
        [0.1, 0.25, 0.5, 1, 1].map { Duration.seconds($0) } + Array(repeating: .seconds(2), count: 15)

    /// Whether the programs that ran when the sandbox was paused are gone: E2B may have started it anew from its disk.
    ///
    /// Its first process is younger then than the time for which the sandbox ran before it was paused.
    ///
    /// - Parameter info: what E2B said of the sandbox while it was paused.
    func hasLostPrograms(_ sandbox: Sandbox, _ info: SandboxInfo) async -> Bool {
        let begin = ContinuousClock.now
        var captured = CapturedOutput(limit: 1 << 10)
        // If it cannot be found out, the next thing that is done in the sandbox tells what is the matter.
        _ = try? await client.run(.shell(Self.ageOfFirstProcess, timeout: .seconds(10)), in: sandbox) { event in
            if case .stdout(let bytes) = event { captured.append(bytes[...]) }
        }
        let text = String(decoding: captured.kept, as: UTF8.self)
        guard let age = text.split(whereSeparator: \.isWhitespace).last.flatMap({ Double($0) }) else { return false }
        let before = info.endsAt.timeIntervalSince(info.startedAt)
        // Somebody may have paused it before its time. Then `before` is too long, but an old one is no new one.
        return age < before - 2 && age < 60 + (ContinuousClock.now - begin).inSeconds
    }

    /// Prints it in seconds. The start of a process is told in hundredths of a second since the machine's.
    private static let ageOfFirstProcess = """
        read -r up rest </proc/uptime; read -r line </proc/1/stat; set -- ${line##*) }; \
        echo $(( ${up%.*} - ${20} / 100 ))
        """

    // MARK: Killing

    /// Whether nobody has used the paused sandbox for so long that it is kept no longer.
    func isUnused(_ sandbox: SandboxInfo) -> Bool {
        let lastUse = max(sandbox.startedAt, sandbox.endsAt)
        return sandbox.state == .paused && sandbox.pausesAtEnd
            && lastUse.timeIntervalSinceNow < -Double(end.keepDays) * 86_400
    }

    /// Starts to kill those of a list that are kept no longer.
    ///
    /// - Returns: the others.
    func endUnused(of list: [SandboxInfo]) -> [SandboxInfo] {
        let unused = list.filter(isUnused)
        guard !unused.isEmpty else { return list }
        // The others are killed by who looks next.
        for sandbox in unused.prefix(Self.mostKills) { lifecycle.kill(sandbox.id) }
        return list.filter { !isUnused($0) }
    }

    /// Looks for such sandboxes of all owners, if nobody of this process has for a while. Returns at once.
    func lookForUnused() {
        let isDue = nextLook.withLock { next in
            guard end.isPause, next <= .now else { return false }
            next = .now + Self.interval
            return true
        }
        guard isDue else { return }
        // This task is independent of the request and of its deadline.
        Task {
            await E2BClient.$deadline.withValue(nil) {
                do throws(E2BError) {
                    let list = try await client.list(
                        metadata: SessionMark.pausing, states: [.paused], limit: 10_000)
                    guard list.count - endUnused(of: list).count > Self.mostKills else { return }
                } catch {
                    lifecycle.notice("could not look for paused sandboxes that nobody uses: \(error)")
                }
                // There is more to do, or it has to be tried again.
                nextLook.withLock { $0 = .now + .seconds(60) }
            }
        }
    }

    private static let mostKills = 20
    private static let interval = Duration.seconds(3600)
}
