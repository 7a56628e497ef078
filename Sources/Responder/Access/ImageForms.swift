import FastCGI
import Interpreter
import JSON

/// The forms in which callers want the images of MCP answers.
struct ImageForms: Equatable, Sendable {
    var standard = ImageUse.Form.inline
    /// By the name of a key.
    var byKey: [String: ImageUse.Form] = [:]

    static let header = "X-Images"
    private static let parameter = "images"
    static var names: String { ImageUse.Form.allCases.map(\.rawValue).joined(separator: ", ") }

    /// The form for one request: as its URL says, else a header, else the setting for its key.
    ///
    /// - Throws: ``ArgumentError`` if the request asks for another form than there is.
    func form(of request: FastCGIRequest, from caller: String) throws(ArgumentError) -> ImageUse.Form {
        if let word = request.queryValue(Self.parameter) {
            return try Self.form(word, "`\(Self.parameter)` in the URL")
        }
        // LibreChat sends a placeholder as it stands where it has nothing to put in its place.
        if let word = request.header(Self.header), !word.isEmpty, !word.hasPrefix("{{") {
            return try Self.form(word, "The header \(Self.header)")
        }
        return byKey[caller] ?? standard
    }

    private static func form(_ word: String, _ place: String) throws(ArgumentError) -> ImageUse.Form {
        guard let form = ImageUse.Form(rawValue: word.lowercased()) else {
            throw ArgumentError("\(place) must be one of \(names), and is '\(word.prefix(40))'. Nothing was done.")
        }
        return form
    }
}

extension FastCGIRequest {
    /// The first value of a parameter in the query; nil if it is absent or empty.
    fileprivate func queryValue(_ name: String) -> String? {
        guard let query = params["QUERY_STRING"] else { return nil }
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
    }
}
