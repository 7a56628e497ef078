import FoundationEssentials
import JSON
package import Store

/// Files as callers of `/v1` read them.
package enum FileListing {
    /// How much a list says of each file.
    package enum Detail: String, CaseIterable, Sendable { case simple, summary, full, normalized }

    /// A list. LibreChat finds an entry by the beginning of its name, and takes the id from the name, so that names are
    /// `<session>/<file>` with the ending of the original name.
    package static func encoded(_ files: [StoredFile], _ detail: Detail) -> [UInt8] {
        JSONWriter.value(capacity: 64 + 200 * files.count) { json in
            json.node(.list(files.map { node($0, detail) }))
        }
    }

    /// One file.
    package static func encodedObject(_ file: StoredFile) -> [UInt8] {
        var json = JSONWriter()
        json.member("name", objectName(file))
        json.member("originalFilename", file.details.name)
        json.member("size", file.size)
        json.member("lastModified", time(file.lastUsed))
        json.member("etag", file.sha256)
        json.member("contentType", file.details.contentType)
        json.member("readOnly", file.details.isReadOnly)
        // The same under the names of newer and older clients.
        json.member("id", file.id.text)
        json.member("storage_session_id", file.session.text)
        json.member("session_id", file.session.text)
        return json.finish()
    }

    private static func node(_ file: StoredFile, _ detail: Detail) -> JSONNode {
        let summary: [JSONNode.Member] = [
            .init("name", .text(objectName(file))), .init("size", .number(file.size)),
            .init("lastModified", .text(time(file.lastUsed))), .init("etag", .text(file.sha256)),
        ]
        switch detail {
        case .simple: return .text(objectName(file))
        case .summary: return .object(summary)
        case .full:
            let metadata: JSONNode = [
                "original-filename": .text(file.details.name), "content-type": .text(file.details.contentType),
                "read-only": .text(file.details.isReadOnly ? "true" : "false"),
            ]
            return .object(summary + [.init("metadata", metadata)])
        case .normalized:
            return [
                "id": .text(file.id.text), "name": .text(file.details.name),
                "storage_session_id": .text(file.session.text), "session_id": .text(file.session.text),
                "size": .number(file.size), "contentType": .text(file.details.contentType),
                "lastModified": .text(time(file.lastUsed)),
            ]
        }
    }

    private static func objectName(_ file: StoredFile) -> String {
        let name = FileName.lastPart(file.details.name)
        let ending = name.utf8.lastIndex(of: UInt8(ascii: ".")).map { name[$0...] } ?? ""
        let isPlain =
            (2...17).contains(ending.utf8.count)
            && ending.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return "\(file.session)/\(file.id)\(isPlain ? ending : "")"
    }

    /// ISO 8601 with milliseconds, as JavaScript writes it.
    private static func time(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
