internal import FoundationEssentials
internal import JSON

/// The JSON text beside a file's bytes, which has all that is known of them. The time of its last change is that of the file's last
/// use.
struct Sidecar: Equatable, Sendable {
    /// The largest text. Bytes.
    static let limit = 32 << 10

    var details: FileDetails
    var size: Int
    var sha256: String
    var created: Date

    init(details: FileDetails, size: Int, sha256: String, created: Date) {
        self.details = details
        self.size = size
        self.sha256 = sha256
        self.created = created
    }

    var json: [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.member("name", details.name)
        json.member("content_type", details.contentType)
        json.member("size", size)
        json.member("sha256", sha256)
        json.member("created", thousandths: Int(created.timeIntervalSince1970 * 1000))
        if let kind = details.kind { json.member("kind", kind.rawValue) }
        if let entity = details.entity { json.member("id", entity) }
        if let version = details.version { json.member("version", version) }
        if details.isReadOnly { json.member("read_only", true) }
        if details.isAdmittedImage { json.member("admitted_image", true) }
        return json.finish()
    }

    /// - Returns: nil if the text is not a sidecar, such as one that a power cut has emptied.
    init?(json: [UInt8]) {
        var details = FileDetails(name: "")
        var size: Int?
        var sha256: String?
        var created: Double?
        do throws(MalformedJSON) {
            try json.withUnsafeBufferPointer { bytes throws(MalformedJSON) in
                try JSONScanner.members(of: UnsafeRawBufferPointer(bytes)) { key, value in
                    switch key {
                    case "name": details.name = value.string ?? ""
                    case "content_type": details.contentType = value.string ?? details.contentType
                    case "size": size = value.integer
                    case "sha256": sha256 = value.string
                    case "created": created = value.double
                    case "kind": details.kind = value.string.flatMap { FileDetails.Kind(rawValue: $0) }
                    case "id": details.entity = value.string
                    case "version": details.version = value.string
                    case "read_only": details.isReadOnly = value.isTrue
                    case "admitted_image": details.isAdmittedImage = value.isTrue
                    default: break
                    }
                }
            }
        } catch {
            return nil
        }
        guard let size, let sha256, let created else { return nil }
        self.init(details: details, size: size, sha256: sha256, created: Date(timeIntervalSince1970: created))
    }
}
