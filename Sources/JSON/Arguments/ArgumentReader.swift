/// Reads arguments out of a JSON object, in place. Members that nobody asks for are not looked at.
///
/// Not `JSONDecoder`: it copies the body, which may be a file, and takes a tenth of what the responder does for an action.
package struct ArgumentReader: ~Copyable {
    /// They point into the body.
    private let members: [String: JSONValue]
    private let body: UnsafeRawBufferPointer

    /// - Parameters:
    ///   - body: has to outlive the reader.
    ///   - names: those of the members that are kept, however many there are. Of two of one name the first counts.
    /// - Throws: ``MalformedJSON`` for what is not a JSON object, in UTF-8.
    package init(_ body: UnsafeRawBufferPointer, names: Set<String>) throws(MalformedJSON) {
        var members: [String: JSONValue] = [:]
        try JSONScanner.members(of: body) { key, value in
            guard let name = key.string, names.contains(name), members[name] == nil else { return }
            members[name] = value
        }
        guard body.isUTF8 else { throw MalformedJSON(offset: 0, expected: "UTF-8") }
        self.members = members
        self.body = body
    }

    /// nil: it is absent or null.
    ///
    /// - Throws: an error that names the member and says what it must be.
    package func value<Value: ArgumentValue>(_ name: String, _ type: ArgumentType) throws(ArgumentError) -> Value? {
        guard let json = members[name], json.kind != .null else { return nil }
        guard let value = Value(json: json) else { throw ArgumentError("`\(name)` must be \(type.expectation).") }
        if let demand = value.demand(of: type) { throw ArgumentError("`\(name)` must be \(demand).") }
        return value
    }

    /// Where a string is in the body; nil: it is absent or null.
    func place(of name: String) throws(ArgumentError) -> JSONTextPlace? {
        guard let json = members[name], json.kind != .null else { return nil }
        guard let range = json.exactPlace(in: body) else {
            throw ArgumentError("`\(name)` must be \(ArgumentType.text.expectation).")
        }
        return JSONTextPlace(range: range, hasEscapes: json.kind == .escapedString)
    }
}

/// Where a string is in a JSON text, without its quotes.
package struct JSONTextPlace: Equatable, Sendable {
    package let range: Range<Int>
    package let hasEscapes: Bool
}

extension UnsafeRawBufferPointer {
    /// Whether all of it is. ``JSONScanner`` repairs what is not; code and files should not be changed like that.
    package var isUTF8: Bool {
        withMemoryRebound(to: UInt8.self) { bytes in (try? UTF8Span(validating: bytes.span)) != nil }
    }
}
