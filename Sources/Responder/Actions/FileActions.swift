import E2B
import FoundationEssentials
import Interpreter
import JSON
import Redaction

/// Files of the sandbox.
extension ActionCall {
    func writeFile() async throws -> ActionOutcome {
        let path = try checkedPath(required(\.filePath), "filePath")
        let bytes: [UInt8]
        switch try required(\.fileContent) {
        case .bytes(let content): bytes = content
        case .malformed: throw failure("`fileContent` must be base64, as `encoding` says.")
        }
        guard bytes.count <= configuration.fileLimit else {
            throw failure("`fileContent` must be at most \(configuration.fileLimit) bytes.")
        }
        do {
            try await inSandbox { _ = try await client.write(bytes, to: path, in: $0) }
        } catch E2BError.notFound(_, let message) {
            throw unwritable(path, message)
        } catch E2BError.refused(_, let status, let message) where status < 502 {
            throw unwritable(path, message)
        }
        return .reply(reply(("message", "File written to \(path)"), ("bytes", .number(bytes.count))))
    }

    func readFile() async throws -> ActionOutcome {
        let path = try checkedPath(required(\.filePath), "filePath")
        let limit = configuration.fileLimit
        let bytes: [UInt8]
        do {
            bytes = try await inSandbox { try await client.read(path, limit: limit, holding: memory, in: $0) }
        } catch E2BError.tooLarge {
            throw failure("\(path) is larger than \(limit) bytes. Use `get_file_downloadurl`.")
        } catch E2BError.notFound {
            throw missing(path)
        } catch E2BError.refused(_, let status, let message) where status < 502 {
            throw failure("\(path) cannot be read: \(message). Look with `shell`.")
        }
        let size = ("bytes", JSONNode.number(bytes.count))
        // Text has no NUL; much that is not text is valid UTF-8 but for that.
        if arguments.encoding != "base64", !bytes.contains(0), bytes.withUnsafeBytes(\.isUTF8) {
            // As it stands in the file, terminal escapes and all.
            let content = await CapturedOutput(bytes).shown(services.hidden, keepsEscapes: true) { _ in path }
            return .reply(reply(("content", .text(content)), size, ("encoding", "utf-8")))
        }
        // Before the work of masking and encoding, which would be for nothing.
        guard bytes.count / 3 * 4 < CapturedOutput.shownLimit else {
            let kind = arguments.encoding == "base64" ? "too large for an answer" : "not text, and too large for base64"
            throw failure("\(path) is \(kind) (\(bytes.count) bytes). Use `get_file_downloadurl`.")
        }
        var content: [UInt8] = []
        content.append(base64: bytes)
        // Bytes are exactly what the file has, or are not shown: an archive with a mask in it would only be broken.
        if let name = services.hidden.nameOfSecret(in: bytes) ?? services.hidden.nameOfSecret(in: content) {
            throw failure(
                "\(path) holds the value of the hidden variable \(name): it is not shown in base64. Read it as text, where "
                    + "the value is masked, or make a file without it.")
        }
        return .reply(
            reply(("content", .text(String(decoding: content, as: UTF8.self))), size, ("encoding", "base64")))
    }

    func getFileDownloadURL() async throws -> ActionOutcome {
        let path = try checkedPath(required(\.filePath), "filePath")
        let end = Date(
            timeIntervalSince1970: (Date.now.timeIntervalSince1970 + (arguments.expiresIn ?? 60) * 60).rounded())
        let url: String
        do {
            url = try await inSandbox { sandbox in
                let entry = try await client.entry(at: path, in: sandbox)
                guard entry.kind != .directory else {
                    throw failure("\(path) is a directory: pack it first, with `tar` in `shell` for example.")
                }
                return try client.downloadURL(of: path, expiresAt: end, in: sandbox)
            }
        } catch E2BError.notFound {
            throw missing(path)
        }
        return .reply(
            reply(
                ("downloadUrl", .text(url)), ("expiresAt", .text(end.written)),
                ("message", "Download URL generated for \(path)")))
    }

    private func unwritable(_ path: String, _ why: String) -> ActionFailure {
        failure("\(path) cannot be written: \(why). Choose another path, or look with `shell`.")
    }

    private func missing(_ path: String) -> ActionFailure { failure("There is no file \(path) in the sandbox.") }

    /// What the filesystem can have at all.
    func checkedPath(_ path: String, _ name: String) throws(ActionFailure) -> String {
        guard (1...4096).contains(path.utf8.count), !path.utf8.contains(0) else {
            throw failure("`\(name)` must be a path of 1 to 4096 bytes.")
        }
        return path
    }
}
