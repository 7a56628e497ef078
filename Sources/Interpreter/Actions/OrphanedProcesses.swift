import E2B

/// The processes that a command had started when it was ended early.
///
/// E2B ends only the process of the command itself. Its children live on under another parent, and E2B does not tell
/// whose they were. So each command gets a variable with a mark, which its children inherit.
extension ActionCall {
    private static let mark = "E2BCODE_REQUEST"

    func marked(_ process: ProcessRequest) -> ProcessRequest {
        var process = process
        process.envs[Self.mark] = id
        return process
    }

    /// Ends every process that has this request's mark. It gives up soon, because the answer must come even if the
    /// sandbox does not respond.
    func killOrphans(in sandbox: Sandbox) async {
        // This runs in a task of its own, because the request's task may have been cancelled.
        await inBackground(waitingAtMost: .seconds(2)) { [self] in
            // The script runs as root, because the command may have run as any user. A sandbox without root runs it as
            // the user.
            for user in ["root", nil] {
                let process = ProcessRequest(
                    command: "/bin/bash", arguments: ["-c", Self.killMarked, "\(Self.mark)=\(id)"], user: user,
                    timeout: .seconds(5))
                guard (try? await client.run(process, in: sandbox) { _ in }) == nil else { return }
            }
        }
    }

    /// The script, in which `$0` is the mark. It searches twice, because a process that was being created during the
    /// first search is found by the second one.
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
