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
    ///   - isLenient: as below.
    /// - Throws: ``MalformedJSON`` if the text is not a JSON object or not UTF-8.
    package init(
        _ body: UnsafeRawBufferPointer, names: Set<String>, isLenient: Bool = true
    ) throws(MalformedJSON) {
        var members: [String: JSONValue] = [:]
        try JSONScanner.members(of: body) { key, value in members.keep(key, value, of: names) }
        guard body.isUTF8 else { throw MalformedJSON(offset: 0, expected: "UTF-8") }
        self.members = members
        self.body = body
        self.isLenient = isLenient
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

    /// Whether the object has the member, which may be null.
    package func has(_ name: String) -> Bool { members[name] != nil }

    /// Reads a member.
    ///
    /// - Parameter isOptional: whether an empty string stands for an absent member, where no text may be meant.
    /// - Returns: nil if the member is absent or null.
    /// - Throws: an error that names the member and says what it must be.
    package func value<Value: ArgumentValue>(
        _ name: String, _ type: ArgumentType, isOptional: Bool = false
    ) throws(ArgumentError) -> Value? {
        guard let json = members[name], json.kind != .null else { return nil }
        if isLenient, isOptional || type != .text, json.isBlankString { return nil }
        guard let value = Value(json: json, of: type, isLenient: isLenient) else {
            throw json.hasHalfPair ? .halfPair(name) : ArgumentError("`\(name)` must be \(type.expectation).")
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
            throw json.hasHalfPair
                ? .halfPair(name) : ArgumentError("`\(name)` must be \(ArgumentType.text.expectation).")
        }
        return JSONTextPlace(range: range, hasEscapes: json.kind == .escapedString)
    }
}

extension ArgumentValue {
    /// - Parameter isLenient: whether a value of another type, or another spelling, is taken if it can only mean one thing.
    fileprivate init?(json: JSONValue, of type: ArgumentType, isLenient: Bool) {
        let value = Self(json: json)
        if let value, value.demand(of: type) == nil || !isLenient {
            self = value
        } else if isLenient, case .choice(let words) = type, let word = json.exactString?.choice(of: words),
            let value = word as? Self ?? Self(lenient: json)
        {
            self = value
        } else if isLenient, let other = Self(lenient: json) {
            self = other
        } else if let value {
            self = value
        } else {
            return nil
        }
    }
}

extension JSONValue {
    fileprivate var isBlankString: Bool { isString && content.allSatisfy { $0 == 0x20 } }
    fileprivate var hasHalfPair: Bool { isString && exactString == nil }
}

extension ArgumentError {
    package static func halfPair(_ name: String) -> ArgumentError {
        ArgumentError(
            "`\(name)` has half of a character (an unpaired surrogate, as of an emoji that was cut): send it whole.")
    }
}

extension String {
    /// Returns the word that the value must mean: in any case, without hyphens, or by another usual name.
    fileprivate func choice(of words: [String]) -> String? {
        func plain(_ text: String) -> String {
            text.lowercased().filter { !$0.isWhitespace && $0 != "-" && $0 != "_" }
        }
        let own = plain(self)
        func word(for name: String) -> String? {
            if let word = words.first(where: { plain($0) == name }) { return word }
            guard let names = Self.usualNames.first(where: { $0.contains(name) }) else { return nil }
            return words.first { names.contains(plain($0)) }
        }
        if let word = word(for: own) { return word }
        // A version says nothing here: python3.11, node20.
        guard let end = own.lastIndex(where: { !$0.isNumber && $0 != "." }) else { return nil }
        return word(for: String(own[...end]))
    }

    private static let usualNames: [Set<String>] = [
        ["python", "py", "python3", "pip", "pip3", "pypi"],
        ["javascript", "js", "node", "nodejs", "node.js", "npm", "ecmascript", "mjs"],
        ["typescript", "ts"], ["debian", "apt", "aptget", "ubuntu", "system", "linux"], ["bash", "sh", "shell"],
        ["utf8", "utf", "unicode", "ascii"], ["base64", "b64", "base64url", "binary"],
    ]
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
