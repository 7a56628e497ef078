import Foundation
import Testing

@testable import LocalE2B

/// pip in a sandbox, as its user.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(
        if: Machine.canRunSandboxes && Machine.run("/usr/bin/python3", "-c", "import pip, requests") == 0,
        .init(rawValue: Machine.needs + ", python3-pip and python3-requests")))
struct PackageTests {
    /// Writes a wheel of a package with one module.
    private static func wheel(_ name: String, in folder: String) -> String {
        """
        import zipfile
        wheel = '\(folder)/\(name)-1.0-py3-none-any.whl'
        with zipfile.ZipFile(wheel, 'w') as file:
            file.writestr('\(name).py', 'answer = 42\\n')
            file.writestr('\(name)-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: \(name)\\nVersion: 1.0\\n')
            file.writestr('\(name)-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
            file.writestr('\(name)-1.0.dist-info/RECORD', '')

        """
    }

    @Test func `what pip installs is there for the running kernel`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            // The kernel has looked for it, and so knows that it is not there.
            let missing = try await stub.python("import site; print(site.ENABLE_USER_SITE)\nimport first_one", in: id)
            #expect(missing.hasPrefix("True\n") && missing.contains("No module named 'first_one'"))
            let install =
                "import subprocess, sys\nprint(subprocess.run([sys.executable, '-m', 'pip', 'install', wheel], "
                + "capture_output=True, text=True))\n"
            let first = try await stub.python(
                Self.wheel("first_one", in: "/home/user") + install + "import first_one\nprint(first_one.__file__)",
                in: id)
            #expect(first.contains("Successfully installed first-one-1.0"), "\(first)")
            #expect(first.contains("\n/home/user/.local/lib/python3"), "\(first)")
            // By a command, the folder being there already.
            _ = try await stub.python(Self.wheel("second", in: "/tmp"), in: id)
            let command = try await stub.bash("python3 -m pip install /tmp/second*.whl", in: id)
            #expect(command.body.contains(#""exited": true, "status": "exit status 0""#), "\(command)")
            #expect(try await stub.python("import second; print(second.answer)", in: id) == "42\n")
        }
    }

    @Test func `requests is there, and a download without a network fails at once`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            let pip =
                "import subprocess, sys\n"
                + "done = subprocess.run([sys.executable, '-m', 'pip', 'install', %], capture_output=True, text=True)\n"
                + "print(done.returncode, done.stdout, done.stderr)"
            let there = try await stub.python(pip.replacing("%", with: "'requests'"), in: id)
            #expect(there.hasPrefix("0 ") && there.contains("Requirement already satisfied: requests"), "\(there)")
            let none = try await stub.python(pip.replacing("%", with: "'no-such-package-here'"), in: id)
            #expect(none.hasPrefix("1 ") && none.contains("No matching distribution"), "\(none)")
            // What takes time are further attempts, with pauses before them.
            #expect(!none.contains("Retrying"), "\(none)")
        }
    }

    @Test func `the machine's network is shared when asked for`() async throws {
        var configuration = LocalE2BConfiguration()
        configuration.network = .host
        try await StubServer.withKernels(configuration) { stub in
            let id = try await stub.create()
            let here =
                "import urllib.request as r; print(r.urlopen('http://127.0.0.1:\(stub.server.port)/health').status)"
            #expect(try await stub.python(here, in: id) == "200\n")
            let server = """
                import http.server, threading
                server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
                threading.Thread(target=server.serve_forever).start()
                open('page', 'w').write('shared')
                print(server.server_port)
                """
            let port = try #require(Int(try await stub.python(server, in: id).dropLast()))
            #expect(await stub.edge.send("GET", "/page", ["Host": stub.host(port, id)]).body == "shared")
            // No short patience; what the server above logs is in the output, too.
            #expect(try await stub.python("import os; print(os.environ.get('PIP_RETRIES'))", in: id).hasPrefix("None"))
            let info = await stub.control("GET", "/sandboxes/\(id)")
            #expect(info.json["allowInternetAccess"] as? Bool == true)
            let cut = await stub.control(
                "POST", "/sandboxes", #"{"templateID":"base","timeout":600,"allow_internet_access":false}"#)
            #expect(cut.status == 400)
        }
    }
}
