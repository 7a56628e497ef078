internal import JSON

/// A file that a run is to find, as the caller names it.
package struct InputReference: Equatable, Sendable {
    /// The id of the stored file.
    package let id: String
    /// The name that it has in the run; nil for the one that it was stored with.
    package let name: String?
    package let scope: FileScope?

    /// The largest number of files of a run.
    private static let limit = 1000

    /// What is no reference to a file is left out.
    static func list(_ json: JSONValue?) -> [InputReference] {
        (try? json?.list { element throws(MalformedJSON) in try InputReference(element) })?.suffix(limit) ?? []
    }

    /// - Returns: nil if there is no id.
    private init?(_ json: JSONValue) throws(MalformedJSON) {
        var texts: [String: String] = [:]
        try json.members { key, value in
            if let name = key.string, let text = value.string { texts[name] = text }
        }
        // Among the members of a file `id` is the file's, and `resource_id` what is elsewhere called `id`.
        guard let id = texts["id"] ?? texts["file_id"] ?? texts["fileId"] else { return nil }
        self.id = id
        name = (texts["name"] ?? texts["filename"]).flatMap { $0.isEmpty ? nil : $0 }
        scope = (try? FileScope { $0 == "id" ? texts["resource_id"] : texts[$0] }) ?? nil
    }
}
