internal import Foundation

/// The files that a sandbox gets: the agent, and an `/etc` with one user. They are in a private temporary folder while
/// the server runs.
struct AgentFiles: Sendable {
    static let etc = [
        "passwd": """
        root:x:0:0:root:/root:/bin/bash
        nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
        user:x:1000:1000::/home/user:/bin/bash

        """,
        "group": "root:x:0:\nnogroup:x:65534:\nuser:x:1000:\n",
        "hostname": "e2b.local\n",
        "hosts": "127.0.0.1 localhost e2b.local\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        // This replaces nsswitch.conf in sandboxes with a network.
        "nsswitch-dns.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "profile": "PS1='$ '\n",
    ]

    private static let program = [
        "afterfork.py": PackageResources.afterfork_py,
        "agent.py": PackageResources.agent_py,
        "confinement.py": PackageResources.confinement_py,
        "contexts.py": PackageResources.contexts_py,
        "dials.py": PackageResources.dials_py,
        "files.py": PackageResources.files_py,
        "forkserver.py": PackageResources.forkserver_py,
        "kernel.js": PackageResources.kernel_js,
        "kernels.py": PackageResources.kernels_py,
        "kernelserver.py": PackageResources.kernelserver_py,
        "pipes.py": PackageResources.pipes_py,
        "processes.py": PackageResources.processes_py,
        "processtools.py": PackageResources.processtools_py,
        "scripts.py": PackageResources.scripts_py,
        "startup.py": PackageResources.startup_py,
        "wire.py": PackageResources.wire_py,
    ]

    private let owned: OwnedFolder

    var folder: String { owned.path }
    /// The path of the filter on system calls, in the form that `bwrap --seccomp` takes.
    var filter: String { "\(folder)/seccomp" }
    var agent: String { "\(folder)/agent/agent.py" }
    var forkServer: String { "\(folder)/agent/forkserver.py" }
    /// The folder in which the fork server's matplotlib caches its list of fonts.
    var matplotlib: String { "\(folder)/matplotlib" }

    init() throws(LocalE2BError) {
        OwnedFolder.sweep()
        // Sandboxes started by root read these files as `nobody`.
        owned = try OwnedFolder(mode: Account.dropsRoot ? 0o711 : 0o700)
        do {
            for (name, bytes) in Self.program { try write(Data(bytes), to: "agent", name) }
            for (name, text) in Self.etc { try write(Data(text.utf8), to: "etc", name) }
            try giveToNobody(try makeFolder(named: "matplotlib"))
            try Data(SeccompFilter.sandbox.bytes).write(to: URL(filePath: filter))
        } catch let error as LocalE2BError {
            remove()
            throw error
        } catch {
            remove()
            throw .filesFailed(error.localizedDescription)
        }
    }

    func makeFolder(named name: String, mode: Int = 0o700) throws(LocalE2BError) -> String {
        let path = "\(folder)/\(name)"
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        } catch {
            throw .filesFailed(error.localizedDescription)
        }
        return path
    }

    func remove() { owned.remove() }

    private func write(_ data: Data, to subfolder: String, _ name: String) throws {
        let path = try makeFolder(named: subfolder, mode: 0o755) + "/\(name)"
        try data.write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        try giveToNobody(path)
    }

    private func giveToNobody(_ path: String) throws {
        guard Account.dropsRoot else { return }
        try FileManager.default.setAttributes(
            [.ownerAccountID: Account.nobody, .groupOwnerAccountID: Account.nobody], ofItemAtPath: path)
    }
}
