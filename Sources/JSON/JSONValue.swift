internal import Glibc

/// A value in a JSON text: its kind, and its first and last byte.
///
/// The value points into the bytes that ``JSONScanner`` was given, and is valid as long as they are. Its text is
/// decoded on demand only, so a value that is not used costs one pass over its bytes and no memory.
package struct JSONValue {
    package enum Kind {
        case null, `true`, `false`, number, plainString, escapedString, array, object
    }

    package let kind: Kind
    /// The bytes of the value, with its quotes or brackets.
    let source: UnsafeRawBufferPointer

    package var isString: Bool { kind == .plainString || kind == .escapedString }

    /// The decoded string; nil if the value is not a string.
    package var string: String? {
        switch kind {
        case .plainString: String(decoding: content, as: UTF8.self)
        case .escapedString:
            String(unsafeUninitializedCapacity: content.count) { room in
                JSONString.unescape(content, into: UnsafeMutableRawBufferPointer(room))
            }
        default: nil
        }
    }

    /// The decoded string; nil if the value is not a string, or if an escape is half of a surrogate pair, which
    /// ``string`` would repair.
    package var exactString: String? { kind == .escapedString && JSONString.hasHalfPair(content) ? nil : string }

    /// The range of the string in the bytes that were read, without its quotes; nil if ``exactString`` is nil.
    package func exactPlace(in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        guard isString, kind == .plainString || !JSONString.hasHalfPair(content),
            let base = bytes.baseAddress, let start = source.baseAddress
        else { return nil }
        return start - base + 1..<start - base + source.count - 1
    }

    /// The number as an `Int`; nil if the value is not a number, has a fraction or an exponent, or does not fit.
    package var integer: Int? {
        guard kind == .number else { return nil }
        return Int(String(decoding: source, as: UTF8.self))
    }

    /// The number as a `Double`, infinite if it is too large; nil if the value is not a number.
    package var double: Double? { kind == .number ? Double(text) : nil }

    package var isTrue: Bool { kind == .true }

    /// The JSON text of the value.
    package var text: String { String(decoding: source, as: UTF8.self) }

    /// The bytes of a string between its quotes, with escapes.
    var content: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: source[1..<source.count - 1]) }

    /// Calls `body` with the bytes of a string, whose escapes are replaced.
    package func withContent<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        guard kind == .escapedString else { return body(content) }
        return withUnsafeTemporaryAllocation(byteCount: content.count, alignment: 1) { room in
            body(UnsafeRawBufferPointer(rebasing: room[..<JSONString.unescape(content, into: room)]))
        }
    }

    /// Calls `body` for each member of an object, in the order of the text. Does nothing if the value is not an object.
    package func members(_ body: (_ key: JSONValue, _ value: JSONValue) -> Void) throws(MalformedJSON) {
        guard kind == .object else { return }
        var scanner = JSONScanner(source)
        try scanner.members(body)
    }

    /// Returns a member of an object; nil if there is none, or if the value is not an object.
    package func member(_ name: StaticString) throws(MalformedJSON) -> JSONValue? {
        var found: JSONValue?
        try members { key, value in if name ~= key { found = value } }
        return found
    }

    /// Calls `body` for each element of an array. Does nothing if the value is not an array.
    package func elements(_ body: (JSONValue) -> Void) throws(MalformedJSON) {
        guard kind == .array else { return }
        var scanner = JSONScanner(source)
        try scanner.elements(body)
    }

    /// Reads the elements of an array. Elements that `read` refuses are left out, so that one element of a later
    /// version of a protocol does not hide the others.
    package func list<Element>(_ read: (JSONValue) throws(MalformedJSON) -> Element?) throws(MalformedJSON) -> [Element]
    {
        var list: [Element] = []
        try elements { element in
            if let element = try? read(element) { list.append(element) }
        }
        return list
    }

    /// Compares a key with a name byte by byte, for `switch key { case "type": ... }`.
    package static func ~= (name: StaticString, key: JSONValue) -> Bool {
        guard key.kind == .plainString else { return key.string == name.description }
        let content = key.content
        guard content.count == name.utf8CodeUnitCount, let bytes = content.baseAddress else { return false }
        return memcmp(bytes, name.utf8Start, content.count) == 0
    }
}

extension [String: JSONValue] {
    /// Keeps a member of an object if it has one of the names. Of two members of the same name the first counts.
    package mutating func keep(_ key: JSONValue, _ value: JSONValue, of names: Set<String>) {
        guard let name = key.string, names.contains(name), self[name] == nil else { return }
        self[name] = value
    }
}
