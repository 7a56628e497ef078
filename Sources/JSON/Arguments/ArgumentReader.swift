/// Reads arguments out of a JSON object, in place. It skips members that no parameter names.
///
/// `JSONDecoder` is not used: it copies the body, which may be a file, and takes a tenth of the processor time that the
/// responder spends on an action.
package struct ArgumentReader: ~Copyable {
    /// The kept members by name. The values point into `body`.
    private let members: [String: JSONValue]
    private let body: UnsafeRawBufferPointer
    /// Whether a value of a wrong type is taken if it can only mean one thing.
    private let isLenient: Bool

    /// - Parameters:
    ///   - body: the JSON text, which has to outlive the reader.
    ///   - names: the names of the members to keep. If two members have the same name, the first counts.
    /// - Throws: ``MalformedJSON`` if the text is not a JSON object or not UTF-8.
    package init(_ body: UnsafeRawBufferPointer, names: Set<String>) throws(MalformedJSON) {
        var members: [String: JSONValue] = [:]
        try JSONScanner.members(of: body) { key, value in members.keep(key, value, of: names) }
        guard body.isUTF8 else { throw MalformedJSON(offset: 0, expected: "UTF-8") }
        self.members = members
        self.body = body
        isLenient = false
    }

    /// Reads the members of an object that has been scanned already.
    ///
    /// - Parameters:
    ///   - object: the object, whose bytes have to outlive the reader; nil for one without members.
    ///   - names: the names of the members to keep. If two members have the same name, the first counts.
    ///   - isLenient: whether a value of a wrong type is taken if it can only mean one thing, such as `"8080"` for a
    ///     number. Models write such values.
    package init(_ object: JSONValue?, names: Set<String>, isLenient: Bool) {
        var members: [String: JSONValue] = [:]
        // The scanner has found the object to be well formed.
        try? object?.members { key, value in members.keep(key, value, of: names) }
        self.members = members
        body = UnsafeRawBufferPointer(start: nil, count: 0)
        self.isLenient = isLenient
    }

    /// Whether the member is there, be it null.
    package func has(_ name: String) -> Bool { members[name] != nil }

    /// Reads a member.
    ///
    /// - Returns: nil if the member is absent or null.
    /// - Throws: an error that names the member and says what it must be.
    package func value<Value: ArgumentValue>(_ name: String, _ type: ArgumentType) throws(ArgumentError) -> Value? {
        guard let json = members[name], json.kind != .null else { return nil }
        if isLenient, json.exactString == "", type != .text { return nil }
        guard let value = Value(json: json) ?? (isLenient ? Value(lenient: json) : nil) else {
            throw ArgumentError("`\(name)` must be \(type.expectation).")
        }
        if let demand = value.demand(of: type) { throw ArgumentError("`\(name)` must be \(demand).") }
        return value
    }

    /// Finds the bytes of a string member.
    ///
    /// - Returns: nil if the member is absent or null.
    /// - Throws: an error that names the member, if it is not a string.
    func place(of name: String) throws(ArgumentError) -> JSONTextPlace? {
        guard let json = members[name], json.kind != .null else { return nil }
        guard let range = json.exactPlace(in: body) else {
            throw ArgumentError("`\(name)` must be \(ArgumentType.text.expectation).")
        }
        return JSONTextPlace(range: range, hasEscapes: json.kind == .escapedString)
    }
}

/// The range of a string's bytes in a JSON text, without its quotes.
package struct JSONTextPlace: Equatable, Sendable {
    package let range: Range<Int>
    package let hasEscapes: Bool
}

extension UnsafeRawBufferPointer {
    /// Whether all of the bytes are UTF-8. ``JSONScanner`` repairs bytes that are not, but must not change code and
    /// files.
    package var isUTF8: Bool {
        withMemoryRebound(to: UInt8.self) { bytes in (try? UTF8Span(validating: bytes.span)) != nil }
    }
}
