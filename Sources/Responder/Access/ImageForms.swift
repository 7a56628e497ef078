import FastCGI
import Interpreter
import JSON

/// The forms in which callers want the images of MCP answers.
struct ImageForms: Equatable, Sendable {
    var standard = ImageUse.Form.inline
    /// The forms for some keys, by the names of the keys.
    var byKey: [String: ImageUse.Form] = [:]

    static let header = "X-Images"
    private static let parameter = "images"
    static var names: String { ImageUse.Form.allCases.map(\.rawValue).joined(separator: ", ") }

    /// Returns the form for a request: the one in its URL, else the one in its header, else the setting for its key.
    ///
    /// - Throws: ``ArgumentError`` if the request names a form that does not exist.
    func form(of request: FastCGIRequest, from caller: String) throws(ArgumentError) -> ImageUse.Form {
        if let word = request.queryValue(Self.parameter) {
            return try Self.form(word, "`\(Self.parameter)` in the URL")
        }
        // LibreChat sends a placeholder unchanged if it has no value for it.
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
    /// Returns the first value of a parameter in the query; nil if it is absent or empty.
    fileprivate func queryValue(_ name: String) -> String? {
        guard let query = params["QUERY_STRING"] else { return nil }
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
    }
}
