import Foundation
import Glibc
import TestSupport
import Testing

@testable import ImageGate

/// What the kernel says to a decoder that is confined, call by call.
@Suite(.timeLimit(.minutes(10)))
struct SystemCallTests {
    /// How a decoder of the real program ends that makes a system call: with its `errno` as the status.
    private func exit(_ role: DecoderRole, _ call: [Int]) async throws -> Exit {
        let arguments = DecoderMain.arguments(role, memory: 1 << 30).dropFirst() + call.map { "\($0)" }
        let folder = FileManager.default.temporaryDirectory
        let name = "decoder-\(UUID().uuidString.prefix(8))"
        defer {
            for end in ["out", "err"] {
                let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
                for file in files where file.hasPrefix(name) && file.hasSuffix(end) {
                    try? FileManager.default.removeItem(at: folder.appending(path: file))
                }
            }
        }
        return try await ChildProcess(Binaries.responder, Array(arguments), name: name, in: folder).ended()
    }

    /// No kernel has it yet; newer ones, which libraries try and can do without; and older ones.
    @Test(arguments: DecoderRole.allCases)
    func `a system call that is not known is as on an older kernel`(role: DecoderRole) async throws {
        var calls = [1000, 462 /* mseal */, 449 /* futex_waitv */, 451 /* cachestat */]
        calls += [435 /* clone3 */, 444 /* landlock_create_ruleset */, 437 /* openat2 */, 439 /* faccessat2 */]
        for call in calls {
            #expect(try await exit(role, [call]) == .status(ENOSYS), "\(call)")
        }
    }

    #if arch(x86_64)
        @Test(arguments: DecoderRole.allCases)
        func `what decoders need is there`(role: DecoderRole) async throws {
            // getpid, sched_yield, getrandom of no bytes.
            for call in [[39], [24], [318, 0, 0, 0]] { #expect(try await exit(role, call) == .status(0), "\(call)") }
            // Files to read: none of any name without drawing, and for that those that Landlock leaves.
            let expected = role == .computing ? EACCES : EFAULT
            #expect(try await exit(role, [257, -100, 0, Int(O_RDONLY)]) == .status(expected))
            #expect(try await exit(.drawing, [257, -100, 0, Int(O_WRONLY | O_CREAT)]) == .status(EACCES))
        }

        static let attacks: [(name: String, call: [Int])] = [
            ("execve", [59]), ("execveat", [322]), ("fork", [57]), ("vfork", [58]), ("clone of a process", [56, 17]),
            ("ptrace", [101]), ("process_vm_writev", [311]), ("kill", [62, 1, 9]),
            ("tgkill of another", [234, 1, 1, 9]),
            ("pidfd_open", [434, 1]), ("socket", [41, 1, 1]), ("socketpair", [53, 1, 1]), ("connect", [42]),
            ("sendmsg", [46]), ("recvfrom", [45]), ("io_uring_setup", [425]), ("bpf", [321]), ("keyctl", [250]),
            ("perf_event_open", [298]), ("userfaultfd", [323]), ("mount", [165]), ("unshare", [272]), ("setns", [308]),
            ("setuid", [105]), ("personality", [135]), ("init_module", [175]), ("chroot", [161]), ("creat", [85]),
            ("memory that runs", [9, 0, 4096, Int(PROT_READ | PROT_EXEC), Int(MAP_PRIVATE | MAP_ANONYMOUS), -1]),
            ("memory made to run", [10, 0, 4096, Int(PROT_EXEC)]),
            ("a call of x32", [0x4000_0000 + 39]), ("an unknown call of x32", [0x4000_0000 + 1000]),
        ]

        @Test(arguments: attacks) func `what only an attacker calls ends the decoder`(
            name: String, call: [Int]
        ) async throws {
            for role in DecoderRole.allCases { #expect(try await exit(role, call) == .signal(SIGSYS)) }
        }

        @Test func `without drawing nothing is opened for writing, and there are no threads`() async throws {
            // CLONE_THREAD, CLONE_SIGHAND and CLONE_VM.
            let thread = 0x10900
            for call in [[257, -100, 0, Int(O_RDWR)], [2, 0, Int(O_WRONLY | O_CREAT)], [56, thread]] {
                #expect(try await exit(.computing, call) == .signal(SIGSYS), "\(call)")
            }
        }
    #endif
}
