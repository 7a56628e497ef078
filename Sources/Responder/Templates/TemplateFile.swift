import JSON
import LibreChat
import System

/// The operator's file of templates, with which `list_templates` answers.
///
/// The file is a YAML list of objects, or an object whose member `templates` is such a list. The members of the objects
/// (`id`, `description` and others) are passed on without interpretation.
struct TemplateFile {
    let templates: JSONNode

    /// - Throws: ``YAMLError`` if the bytes are not YAML, or not a list of objects.
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

    /// Reads the file.
    ///
    /// - Throws: ``YAMLError`` if the file cannot be read, or exceeds the limit.
    static func bytes(of path: String) throws(YAMLError) -> [UInt8] {
        do throws(RegularFile.Failure) {
            return try RegularFile.read(path, limit: byteLimit)
        } catch {
            throw YAMLError(line: nil, reason: "\(error)")
        }
    }

    private static let byteLimit = 1 << 20
}
