import E2B

/// What a command had started when it was ended before its time.
///
/// E2B ends the command's own process: its children live on, with another parent, and nothing says whose they were. So
/// the variables of a command have a mark, which its children inherit.
extension ActionCall {
    private static let mark = "E2BCODE_REQUEST"

    func marked(_ process: ProcessRequest) -> ProcessRequest {
        var process = process
        process.envs[Self.mark] = id
        return process
    }

    /// Ends every process that bears this request's mark, as far as that is possible: there is something else to answer, soon,
    /// also where the sandbox is stuck.
    func killOrphans(in sandbox: Sandbox) async {
        // The request's own task may be cancelled.
        await inBackground(waitingAtMost: .seconds(2)) { [self] in
            // As root: the command may have run as any user. Where there is no root, as the user.
            for user in ["root", nil] {
                let process = ProcessRequest(
                    command: "/bin/bash", arguments: ["-c", Self.killMarked, "\(Self.mark)=\(id)"], user: user,
                    timeout: .seconds(5))
                guard (try? await client.run(process, in: sandbox) { _ in }) == nil else { return }
            }
        }
    }

    /// `$0` is the mark. Twice: one that was just being made is found the second time.
    private static let killMarked = """
        for turn in 1 2; do
          for file in /proc/[0-9]*/environ; do
            grep -qzxF -e "$0" "$file" 2>/dev/null || continue
            pid=${file#/proc/}
            kill -KILL "${pid%/environ}" 2>/dev/null
          done
        done
        """
}
