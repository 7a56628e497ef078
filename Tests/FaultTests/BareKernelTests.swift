import Foundation
import TestSupport
import Testing

/// A kernel that lacks what decoders are confined with, or a container that refuses it: images are decoded all the same, and
/// the log says what is missing.
@Suite(.timeLimit(.minutes(10)))
struct BareKernelTests {
    /// Numbers that Swift does not see.
    private enum Call {
        #if arch(x86_64)
            static let seccomp: UInt32 = 317
            static let prctl: UInt32 = 157
        #else
            static let seccomp: UInt32 = 277
            static let prctl: UInt32 = 167
        #endif
        static let landlockCreateRuleset: UInt32 = 444
        /// An argument of prctl.
        static let setSeccomp: UInt32 = 22
    }

    enum Refusal: CaseIterable {
        case seccomp, landlock, both

        var lacksSeccomp: Bool { self != .landlock }
        var lacksLandlock: Bool { self != .seccomp }

        /// A filter of system calls that answers in the kernel's place. seccomp(2), linux/filter.h
        var program: [UInt8] {
            let (load, jumpIfEqual, end): (UInt16, UInt16, UInt16) = (0x20, 0x15, 0x06)
            let (allow, fail): (UInt32, UInt32) = (0x7FFF_0000, 0x0005_0000)
            let (number, firstArgument): (UInt32, UInt32) = (0, 16)
            var code: [UInt8] = []
            func add(_ operation: UInt16, _ value: UInt32, unlessSkip count: UInt8 = 0) {
                for word in [UInt32(operation) | UInt32(count) << 24, value] {
                    code += withUnsafeBytes(of: word.littleEndian) { Array($0) }
                }
            }
            add(load, number)
            if lacksLandlock {
                add(jumpIfEqual, Call.landlockCreateRuleset, unlessSkip: 1)
                add(end, fail | UInt32(ENOSYS))
            }
            if lacksSeccomp {
                add(jumpIfEqual, Call.seccomp, unlessSkip: 1)
                add(end, fail | UInt32(ENOSYS))
                add(jumpIfEqual, Call.prctl, unlessSkip: 3)
                add(load, firstArgument)
                add(jumpIfEqual, Call.setSeccomp, unlessSkip: 1)
                add(end, fail | UInt32(EINVAL))
            }
            add(end, allow)
            return code
        }

        var notices: [String] {
            (lacksSeccomp ? ["the kernel refuses seccomp: limits on memory and time hold, but"] : [])
                + (lacksLandlock
                    ? ["the kernel refuses Landlock: an image that takes its decoder over could read"] : [])
        }

        /// A program under that filter: it becomes this process, and what it starts inherits the filter.
        func start(
            _ program: URL, _ arguments: [String], environment: [String: String] = [:], in folder: URL
        ) async throws -> ChildProcess {
            let code = self.program.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            return try await ChildProcess(
                URL(filePath: "/usr/bin/python3"), ["-c", Self.launcher, code, program.path] + arguments,
                name: program.lastPathComponent, environment: environment, in: folder)
        }

        private static let launcher = """
            import ctypes, os, sys
            class Program(ctypes.Structure):
                _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_char_p)]
            code = bytes.fromhex(sys.argv[1])
            prctl = ctypes.CDLL(None).prctl
            no_new_privileges, set_seccomp, filter = 38, 22, 2
            if prctl(no_new_privileges, 1, 0, 0, 0) or prctl(
                    set_seccomp, filter, ctypes.byref(Program(len(code) // 8, code)), 0, 0):
                sys.exit("no filter")
            os.execv(sys.argv[2], sys.argv[2:])
            """
    }

    @Test(arguments: Refusal.allCases)
    func `images of each type are admitted`(refusal: Refusal) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bare-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let python = try await ChildProcess(URL(filePath: "/usr/bin/python3"), ["-c", Self.images], in: folder)
        #expect(await python.ended() == .status(0), "\(python.log)")
        for type in ["png", "jpeg", "gif", "webp", "svg"] {
            let admitted = try await refusal.start(Binaries.responder, ["admit", "in.\(type)", "out"], in: folder)
            #expect(await admitted.ended() == .status(0), "\(type): \(admitted.log)")
            #expect(admitted.outputText.contains(" 30×20, "), "\(type): \(admitted.outputText)")
            // Each said once.
            let lines = admitted.log.split(separator: "\n")
            #expect(lines.count == refusal.notices.count, "\(type): \(admitted.log)")
            for (line, notice) in zip(lines, refusal.notices) { #expect(line.contains(notice)) }
        }
    }

    @Test func `where nothing is drawn, nothing is lost with Landlock`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bare-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8).write(to: folder.appending(path: "in"))
        for (refusal, count) in [(Refusal.seccomp, 1), (.landlock, 0), (.both, 2)] {
            let admitted = try await refusal.start(
                Binaries.responder, ["admit", "in", "out"], environment: ["E2B_FCGI_SVG": "sanitise"], in: folder)
            #expect(await admitted.ended() == .status(0), "\(admitted.log)")
            #expect(admitted.log.split(separator: "\n").count == count, "\(admitted.log)")
        }
    }

    private static let images = """
        from PIL import Image
        image = Image.new("RGB", (30, 20), "red")
        for kind in ("png", "jpeg", "gif", "webp"):
            image.save("in." + kind, kind.upper())
        with open("in.svg", "w") as file:
            file.write("<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'><text y='9'>g</text></svg>")
        """

    @Test func `the service says at its start what is missing, and its decoders keep their limits`() async throws {
        try await Stack.with { stack in
            let folder = stack.folder.appending(path: "bare")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let socket = folder.appending(path: "s").path
            let responder = try await Refusal.both.start(
                Binaries.responder, ["--listen", "unix:\(socket)"], environment: stack.environment, in: folder)
            try await responder.wait(for: "the word that it listens") { responder.log.contains("listening on ") }
            for notice in Refusal.both.notices { #expect(responder.log.contains(notice), "\(responder.log)") }
            let log = responder.log

            let port = try freePort()
            let nginx = try await Stack.startNginx(port: port, socket: socket, folder: folder)
            let client = HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)
            #expect(try await client.get("/health").status == 200)
            let answer = try ToolAnswer(await client.execute(Self.display))
            #expect(answer.images.count == 2, "\(answer.text)")

            // No filter of their own, but their limits.
            let helpers = DecodingProcess.of(responder.pid)
            #expect(helpers.count == 2)
            for helper in helpers {
                #expect(try filterCount(helper.pid) == filterCount(responder.pid))
                #expect(helper.text("status").contains("\nNoNewPrivs:\t1\n"))
                let limits = helper.text("limits")
                #expect(
                    limits.contains(#/\nMax address space +\d+ +\d+ /#) && limits.contains(#/\nMax file size +0 +0 /#))
                #expect(limits.contains(#/\nMax open files +(1|64) +(1|64) /#))
            }
            // Nothing is said again.
            #expect(!responder.log.dropFirst(log.count).contains("kernel"))
            await nginx.stop()
            #expect(await responder.stop() == .status(0))
        }
    }

    /// How many filters of system calls a process has. Nil before Linux 5.9.
    private func filterCount(_ pid: Int32) throws -> String? {
        let status = try #require(try FileHandle(forReadingAtPath: "/proc/\(pid)/status")?.readToEnd())
        return String(decoding: status, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("Seccomp_filters:") }.map(String.init)
    }

    private static let display = """
        import matplotlib.pyplot as plt
        from IPython.display import SVG, display
        plt.plot([1, 2]); plt.show()
        display(SVG("<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'><text y='9'>g</text></svg>"))
        """
}
