import Foundation
import Testing

@testable import LocalE2B

/// What code in a sandbox can see and do. The real walls, the real kernel.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct IsolationTests {
    @Test func `the walls hold`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            func text(_ code: String) async throws -> String {
                try await stub.python("print(end=str(\(code)))", in: id)
            }
            #expect(try await text("(__import__('os').getuid(), __import__('os').getcwd())") == "(1000, '/home/user')")
            #expect(try await text("sorted(__import__('os').listdir('/home'))") == "['user']")
            #expect(try await text("open('/etc/shadow').read()").contains("No such file"))
            #expect(try await text("open('/usr/x', 'w')").contains("Read-only"))
            #expect(try await text("open('/etc/passwd', 'a')").contains("Read-only"))
            #expect(try await text("open('/x', 'w')").contains("Read-only"))
            #expect(
                try await text(
                    "[p for p in __import__('os').listdir('/') if p in ('root', 'work', 'srv', 'boot')]")
                    == "[]")
            // Ours, and not the machine's.
            #expect(
                try await text("__import__('os').listdir('/opt') + __import__('os').listdir('/opt/bin')")
                    == "['bin', 'python']")
            #expect(try await text("__import__('socket').if_nameindex()") == "[(1, 'lo')]")
            #expect(try await text("__import__('socket').gethostname()") == "e2b.local")
            // Only its own processes, and none of ours.
            #expect(
                try await text(
                    "any('e2b-local' in open(f'/proc/{p}/cmdline').read() for p in __import__('os').listdir('/proc') if p.isdigit() and p != '1')"
                ) == "False")
            #expect(try await text("'E2B_API_KEY' in __import__('os').environ") == "False")
            #expect(
                try await text("__import__('resource').getrlimit(__import__('resource').RLIMIT_NPROC)[1]")
                    == "\(Bubblewrap.Limit.processes)")
        }
    }

    /// What a kernel says about itself. It does not come by way of bubblewrap: what that gives up, this has to give up.
    private struct Account: Decodable {
        let status: [String: String]
        let namespaces: [String: String]
        let environment: [String]
        let initial: String
        let descriptors: [String]
        let files: [String]
        let missing: [String]
        let limits: [String: [Int]]
        let score: String
        let umask: Int
        let keyring: Int
        let host: [String]
        let drawn: [String]
        let processes: [String]
        let refused: [String: String]
    }

    private static let account = """
        import ctypes, json, multiprocessing, numpy, os, platform, random, resource, secrets, socket, uuid
        def attempt(do):
            try:
                return str(do())
            except OSError as error:
                return type(error).__name__
        agents = [p for p in os.listdir('/proc') if p.isdigit() and 'agent.py' in open(f'/proc/{p}/cmdline').read()]
        libc = ctypes.CDLL(None, use_errno=True)
        def attach(pid):
            if libc.ptrace(16, int(pid), None, None) != 0:
                raise OSError(ctypes.get_errno(), 'attach')
        refused = {}
        for p in agents:
            refused[f'{p} descriptors'] = attempt(lambda: os.listdir(f'/proc/{p}/fd'))
            refused[f'{p} memory'] = attempt(lambda: open(f'/proc/{p}/mem', 'rb'))
            refused[f'{p} environment'] = attempt(lambda: open(f'/proc/{p}/environ').read())
            refused[f'{p} root'] = attempt(lambda: os.listdir(f'/proc/{p}/root/'))
            refused[f'{p} attach'] = attempt(lambda: attach(p))
        mapped = {line.split(maxsplit=5)[5].strip() for line in open('/proc/self/maps') if '/' in line}
        print(json.dumps({
            'status': dict(line.split(':', 1) for line in open('/proc/self/status').read().replace('\\t', '').splitlines()),
            'namespaces': {name: os.readlink(f'/proc/self/ns/{name}') for name in os.listdir('/proc/self/ns')},
            'environment': sorted(os.environ), 'initial': open('/proc/self/environ').read(),
            'descriptors': [attempt(lambda: os.readlink(f'/proc/self/fd/{fd}')) for fd in os.listdir('/proc/self/fd')],
            'files': sorted(os.listdir('/')), 'missing': [file for file in mapped if not os.path.exists(file)],
            'limits': {name: resource.getrlimit(getattr(resource, 'RLIMIT_' + name))
                       for name in ('CORE', 'NPROC', 'NOFILE', 'FSIZE', 'DATA')},
            'score': open('/proc/self/oom_score_adj').read().strip(), 'umask': os.umask(0o022),
            'keyring': libc.syscall({'x86_64': 250}.get(os.uname().machine, 219), 0, -3, 0),
            'host': [socket.gethostname(), platform.node(), os.path.expanduser('~'), os.getcwd()],
            'drawn': [str(random.random()), str(numpy.random.rand()), str(uuid.uuid4()), secrets.token_hex(),
                      multiprocessing.current_process().authkey.hex()],
            'processes': ['agent' if p in agents else p for p in os.listdir('/proc') if p.isdigit()],
            'refused': refused}))
        """

    @Test func `a kernel that was forked outside is confined as what bubblewrap starts`() async throws {
        try await StubServer.withKernels { stub in
            var accounts: [Account] = []
            // The first was forked before, and the others after packages were loaded; one after a restart.
            for _ in 0..<3 {
                let id = try await stub.create()
                let text = try await stub.python(Self.account, in: id)
                accounts.append(try JSONDecoder().decode(Account.self, from: Data(text.utf8)))
                _ = try await stub.python("import os; os._exit(1)", in: id)
                let again = try await stub.python(Self.account, in: id)
                #expect(
                    try JSONDecoder().decode(Account.self, from: Data(again.utf8)).status["CapEff"]
                        == "0000000000000000")
            }
            let own = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/ns").map {
                ($0, try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\($0)"))
            }
            let host = Dictionary(uniqueKeysWithValues: own)
            for account in accounts {
                for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                    #expect(account.status[name] == "0000000000000000", "\(name)")
                }
                #expect(account.status["NoNewPrivs"] == "1")
                #expect(account.status["Uid"] == "1000100010001000" && account.status["Gid"] == "1000100010001000")
                for name in ["user", "mnt", "pid", "pid_for_children", "ipc", "uts", "net", "cgroup"] {
                    #expect(account.namespaces[name] != nil && account.namespaces[name] != host[name], "\(name)")
                }
                let known: Set = [
                    "CLICOLOR", "E2B_SANDBOX", "E2B_SANDBOX_ID", "E2B_TEMPLATE_ID", "GIT_PAGER", "HOME", "LANG",
                    "LOGNAME",
                    "MPLBACKEND", "PAGER", "PATH", "PIP_BREAK_SYSTEM_PACKAGES", "PIP_DEFAULT_TIMEOUT",
                    "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_RETRIES", "PWD", "SHELL", "TERM", "USER",
                    "npm_config_fetch_retries",
                ]
                // What newer versions of ipykernel add.
                let theirs: Set = ["CLICOLOR_FORCE", "FORCE_COLOR", "PYDEVD_USE_FRAME_EVAL"]
                #expect(Set(account.environment).subtracting(theirs) == known)
                #expect(account.initial.allSatisfy { $0 == "\0" })
                for target in account.descriptors {
                    let isOurs = [
                        "/dev/null", "pipe:", "socket:", "anon_inode:", "/usr/", "/proc/", "FileNotFoundError",
                    ]
                    .contains { target.hasPrefix($0) }
                    #expect(isOurs, "\(target)")
                }
                #expect(account.missing == [])
                #expect(!account.files.contains("root") && !account.files.contains("boot"))
                #expect(account.limits["CORE"] == [0, 0] && account.limits["NPROC"] == [512, 512])
                #expect(account.limits["NOFILE"] == [4096, 4096] && account.limits["FSIZE"] == [1 << 30, 1 << 30])
                #expect(account.limits["DATA"] == [4 << 30, 4 << 30])
                #expect(account.score == "500" && account.umask == 0o022)
                #expect(account.host == ["e2b.local", "e2b.local", "/home/user", "/home/user"])
                // bubblewrap, what keeps the sandbox, the agent, its server of kernels, the kernel.
                #expect(account.processes.count == 5 && account.processes.count { $0 == "agent" } == 2)
                #expect(account.refused.count == 10)
                for (what, outcome) in account.refused { #expect(outcome == "PermissionError", "\(what)") }
            }
            // Nor do they share anything with each other.
            for (index, one) in accounts.enumerated() {
                for other in accounts.dropFirst(index + 1) {
                    for name in ["user", "mnt", "pid", "ipc", "uts", "net"] {
                        #expect(one.namespaces[name] != other.namespaces[name])
                    }
                    #expect(Set(one.drawn).isDisjoint(with: other.drawn))
                    // -1: this machine has none, or forbids to ask.
                    #expect(one.keyring != other.keyring || one.keyring == -1)
                    let shared = Set(one.descriptors).intersection(other.descriptors)
                    #expect(!shared.contains { $0.hasPrefix("pipe:") || $0.hasPrefix("socket:") }, "\(shared)")
                }
            }
            let ours = await Machine.aside { Self.sessionKeyring() }
            #expect(!accounts.map(\.keyring).contains(ours) || accounts[0].keyring == -1)
        }
    }

    /// Ours.
    private static func sessionKeyring() -> Int {
        let ask =
            "import ctypes, os; print(ctypes.CDLL(None).syscall({'x86_64': 250}.get(os.uname().machine, 219), 0, -3, 0))"
        let python = Process()
        let output = Pipe()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = ["-c", ask]
        python.standardOutput = output
        guard (try? python.run()) != nil, let said = try? output.fileHandleForReading.readToEnd() else { return -2 }
        return Int(String(decoding: said, as: UTF8.self).dropLast()) ?? -2
    }
}
