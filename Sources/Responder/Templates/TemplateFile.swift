import Glibc
import JSON
import LibreChat
import System

/// The operator's file of templates: what `list_templates` answers with.
///
/// A YAML list of objects, or an object whose `templates` is that list. What an object says (`id`, `description`, …) is for
/// whoever reads the answer.
struct TemplateFile {
    let templates: JSONNode

    /// - Throws: ``YAMLError``, also for YAML that is no list of objects.
    init(_ bytes: [UInt8]) throws(YAMLError) {
        var reader = try YAMLReader(bytes)
        guard let root = try reader.document() else { throw YAMLError(line: nil, reason: "it is empty") }
        let list: YAMLNode
        if case .mapping(let members) = root.content, let member = members.first(where: { $0.name == "templates" }) {
            list = member.value
        } else {
            list = root
        }
        guard case .sequence(let entries) = list.content else {
            throw YAMLError(line: list.line, reason: "there must be a list of templates, alone or under `templates`")
        }
        for entry in entries {
            guard case .mapping = entry.content else {
                throw YAMLError(line: entry.line, reason: "a template must be an object, such as `- id: my-template`")
            }
        }
        templates = list.value
    }

    /// The file's bytes.
    ///
    /// - Throws: ``YAMLError`` when there is none that can be read, or it is over the limit.
    static func bytes(of path: String) throws(YAMLError) -> [UInt8] {
        // Without blocking: a named pipe would be waited for.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable(.last("open")) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unreadable(.last("fstat")) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw YAMLError(line: nil, reason: "it must be a file") }
        var bytes = [UInt8](repeating: 0, count: byteLimit + 1)
        var count = 0
        while count < bytes.count {
            let added = bytes.withUnsafeMutableBytes { buffer in
                uninterrupted { read(file, buffer.baseAddress?.advanced(by: count), buffer.count - count) }
            }
            guard added >= 0 else { throw unreadable(.last("read")) }
            if added == 0 { break }
            count += added
        }
        guard count <= byteLimit else { throw YAMLError(line: nil, reason: "it has more than \(byteLimit) bytes") }
        return Array(bytes.prefix(count))
    }

    private static func unreadable(_ error: SystemError) -> YAMLError {
        YAMLError(line: nil, reason: "it cannot be read (\(error.reason))")
    }

    private static let byteLimit = 1 << 20
}
