import FoundationEssentials
import Glibc
import Responder
import System

/// Who may read the files with secrets, and who may use the socket.
struct PermissionCheck: ServiceCheck {
    let context: CheckContext
    /// The path of the responder's socket; nil if it is not known or none.
    let socket: String?

    private static let subject = "permissions"

    func findings() async -> [Finding] {
        let found = secretFiles.flatMap { file($0) } + (socket.map { socketFile($0) } ?? [])
        guard found.isEmpty else { return found }
        let files = secretFiles.count == 1 ? "1 file with secrets is" : "\(secretFiles.count) files with secrets are"
        return [.ok(Self.subject, "\(files) read by nobody else\(socket == nil ? "" : ", and the socket is a socket")")]
    }

    /// The file of settings, and the files in which settings' values are: `E2B_API_KEY_FILE` and others.
    private var secretFiles: [String] {
        let named = context.environment.filter { name, value in
            name.hasSuffix("_FILE") && name != "E2B_FCGI_CA_FILE" && value.hasPrefix("/")
                && ["E2B_", "AWS_"].contains { name.hasPrefix($0) }
        }
        return (context.envFile.map { [$0] } ?? []) + named.values.sorted()
    }

    private func file(_ path: String) -> [Finding] {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return [.failed(Self.subject, "\(path) cannot be looked at (\(SystemError.last("stat").reason))")]
        }
        // A pipe or /dev/null is nobody's file.
        guard status.st_mode & S_IFMT == S_IFREG else { return [] }
        if status.st_mode & S_IWOTH != 0 {
            return [.failed(Self.subject, "\(path) can be changed by every user of this machine: chmod o-rwx \(path)")]
        }
        if status.st_mode & S_IROTH != 0, path != context.envFile || !hasNoSecrets(path) {
            return [.warning(Self.subject, "\(path) can be read by every user of this machine: chmod o-rwx \(path)")]
        }
        return []
    }

    /// Whether everything in a file of settings may be known. The service's own user, and so perhaps everybody, reads it, while its
    /// secrets are in files of their own. What is no setting may be a variable that is hidden from the model.
    private func hasNoSecrets(_ path: String) -> Bool {
        guard let bytes = try? NamedFile(path, inherited: STDIN_FILENO).read(limit: 1 << 20),
            let file = try? DotEnv(utf8: bytes)
        else { return false }
        let open = Set(Setting.all.map(\.name)).subtracting(SecretFiles.names)
        return file.variables.keys.allSatisfy { name in
            open.contains(name) || SecretFiles.names.contains { $0 + "_FILE" == name }
        }
    }

    private func socketFile(_ path: String) -> [Finding] {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let reason = SystemError.last("stat").reason
            return [.failed(Self.subject, "the socket \(path) cannot be looked at (\(reason))")]
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            return [.failed(Self.subject, "\(path) is no socket: name another place with --listen, or remove it")]
        }
        guard access(path, W_OK) == 0 else {
            return [
                .warning(
                    Self.subject,
                    "this user may not connect to \(path); the web server's has to be in its group")
            ]
        }
        guard status.st_mode & S_IWOTH == 0 || !context.configuration.keys.isEmpty || isShielded(path) else {
            return [
                .warning(
                    Self.subject,
                    "every user of this machine may connect to \(path), and no key is needed: set E2B_FCGI_KEYS")
            ]
        }
        return []
    }

    /// Whether other users cannot enter the socket's folder.
    private func isShielded(_ path: String) -> Bool {
        guard let slash = path.lastIndex(of: "/") else { return false }
        var status = stat()
        return stat(String(path[..<slash]), &status) == 0 && status.st_mode & S_IXOTH == 0
    }
}
