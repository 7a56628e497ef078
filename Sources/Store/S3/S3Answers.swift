internal import FoundationEssentials

/// An object of a listing.
struct S3Object: Equatable, Sendable {
    var key = ""
    var size = 0
    var modified = Date.distantFuture
}

/// A page of a listing, in the order of keys.
struct S3Listing: Equatable, Sendable {
    private(set) var objects: [S3Object] = []
    private var isTruncated = false

    /// The key after which the next page begins; nil after the last page.
    var next: String? { isTruncated ? objects.last?.key : nil }

    init(xml: [UInt8]) throws(XMLLeaves.Malformed) {
        var object = S3Object()
        try XMLLeaves.read(xml) { path, text in
            switch (path.count, path.last) {
            case (2, "IsTruncated"): isTruncated = text == "true"
            case (3, "Key"): object.key = text
            case (3, "Size"): object.size = Int(text) ?? 0
            case (3, "LastModified"): object.modified = S3Date.read(text) ?? .distantFuture
            case (2, "Contents"):
                objects.append(object)
                object = S3Object()
            default: break
            }
        }
    }
}

/// Uploads in parts that have been begun, and neither completed nor aborted.
struct S3UploadListing: Equatable, Sendable {
    struct Upload: Equatable, Sendable {
        var key = ""
        var id = ""
        var initiated = Date.distantFuture
    }

    private(set) var uploads: [Upload] = []

    init(xml: [UInt8]) throws(XMLLeaves.Malformed) {
        var upload = Upload()
        try XMLLeaves.read(xml) { path, text in
            switch (path.count, path.last) {
            case (3, "Key"): upload.key = text
            case (3, "UploadId"): upload.id = text
            case (3, "Initiated"): upload.initiated = S3Date.read(text) ?? .distantFuture
            case (2, "Upload"):
                uploads.append(upload)
                upload = Upload()
            default: break
            }
        }
    }
}

/// What S3 says in the body of a refusal.
struct S3Failure: Equatable, Sendable {
    /// `NoSuchKey`, for example; empty if there is none, as in an answer to HEAD.
    private(set) var code = ""

    /// - Returns: nil if the answer is no error.
    init?(xml: [UInt8]) {
        var isError = false
        do throws(XMLLeaves.Malformed) {
            try XMLLeaves.read(xml) { path, text in
                if path == ["Error", "Code"] {
                    code = text.filter { $0.isASCII && $0.isLetter }.prefix(64).description
                }
                if path == ["Error"] { isError = true }
            }
        } catch {
            return nil
        }
        guard isError else { return nil }
    }
}

/// The two ways in which S3 writes times.
enum S3Date {
    /// `2026-11-27T07:38:39.000Z` of listings, or `Fri, 27 Nov 2026 07:38:39 GMT` of headers (RFC 9110, 5.6.7).
    static func read(_ text: String) -> Date? {
        let fields = text.split { !($0.isASCII && ($0.isNumber || $0.isLetter)) }
        if text.hasSuffix("GMT"), fields.count >= 7, let month = months.firstIndex(of: String(fields[2])) {
            return date(fields[3], month + 1, fields[1], fields[4...6])
        }
        // The letter between date and time leaves `27T07` in one.
        let halves = text.split(separator: "T")
        guard halves.count == 2, text.hasSuffix("Z") else { return nil }
        let day = halves[0].split(separator: "-")
        let time = halves[1].dropLast().prefix { $0 != "." }.split(separator: ":")
        guard day.count == 3, time.count == 3, let month = Int(day[1]) else { return nil }
        return date(day[0], month, day[2], time[...])
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func date(
        _ year: Substring, _ month: Int, _ day: Substring, _ time: ArraySlice<Substring>
    ) -> Date? {
        let time = time.compactMap { Int($0) }
        guard let year = Int(year), let day = Int(day), time.count == 3, (1970...9999).contains(year),
            (1...12).contains(month), (1...31).contains(day), time.allSatisfy({ (0...60).contains($0) })
        else { return nil }
        // Days since 1970, with the year beginning in March (Howard Hinnant, days_from_civil).
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
        return Date(timeIntervalSince1970: Double(((days * 24 + time[0]) * 60 + time[1]) * 60 + time[2]))
    }
}
