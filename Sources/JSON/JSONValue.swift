internal import Glibc

/// A value as it stands in the text: where it begins and ends, and what it is.
///
/// Points into the bytes that ``JSONScanner`` was given and is valid as long as they are. Nothing is decoded before
/// somebody asks, so a value that nobody wants costs one pass over its bytes and no memory.
package struct JSONValue {
    package enum Kind {
        case null, `true`, `false`, number, plainString, escapedString, array, object
    }

    package let kind: Kind
    /// Quotes and brackets included.
    let source: UnsafeRawBufferPointer

    package var isString: Bool { kind == .plainString || kind == .escapedString }

    /// nil unless it is a string.
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

    /// nil also where ``string`` would be repaired because an escape in it is half of a surrogate pair.
    package var exactString: String? { kind == .escapedString && JSONString.hasHalfPair(content) ? nil : string }

    /// Where it is in the bytes that were read, without its quotes; nil where ``exactString`` is.
    package func exactPlace(in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        guard isString, kind == .plainString || !JSONString.hasHalfPair(content),
            let base = bytes.baseAddress, let start = source.baseAddress
        else { return nil }
        return start - base + 1..<start - base + source.count - 1
    }

    /// nil unless it is a number that `Int` holds exactly and that is written without fraction and exponent.
    package var integer: Int? {
        guard kind == .number else { return nil }
        return Int(String(decoding: source, as: UTF8.self))
    }

    /// nil unless it is a number. Infinite beyond what `Double` holds.
    package var double: Double? { kind == .number ? Double(text) : nil }

    package var isTrue: Bool { kind == .true }

    /// The JSON itself.
    package var text: String { String(decoding: source, as: UTF8.self) }

    /// A string's bytes between its quotes, escapes and all.
    var content: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: source[1..<source.count - 1]) }

    /// A string's bytes with its escapes replaced.
    package func withContent<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        guard kind == .escapedString else { return body(content) }
        return withUnsafeTemporaryAllocation(byteCount: content.count, alignment: 1) { room in
            body(UnsafeRawBufferPointer(rebasing: room[..<JSONString.unescape(content, into: room)]))
        }
    }

    /// Calls `body` for each member of an object, in the text's order; not at all for other values.
    package func members(_ body: (_ key: JSONValue, _ value: JSONValue) -> Void) throws(MalformedJSON) {
        guard kind == .object else { return }
        var scanner = JSONScanner(source)
        try scanner.members(body)
    }

    /// An object's member; nil when there is none, or this is no object.
    package func member(_ name: StaticString) throws(MalformedJSON) -> JSONValue? {
        var found: JSONValue?
        try members { key, value in if name ~= key { found = value } }
        return found
    }

    /// Calls `body` for each element of an array; not at all for other values.
    package func elements(_ body: (JSONValue) -> Void) throws(MalformedJSON) {
        guard kind == .array else { return }
        var scanner = JSONScanner(source)
        try scanner.elements(body)
    }

    /// What `read` makes of an array's elements, without those that it cannot read: one of a later protocol must not hide
    /// the others.
    package func list<Element>(_ read: (JSONValue) throws(MalformedJSON) -> Element?) throws(MalformedJSON) -> [Element]
    {
        var list: [Element] = []
        try elements { element in
            if let element = try? read(element) { list.append(element) }
        }
        return list
    }

    /// Lets `switch key { case "type": ... }` compare bytes.
    package static func ~= (name: StaticString, key: JSONValue) -> Bool {
        guard key.kind == .plainString else { return key.string == name.description }
        let content = key.content
        guard content.count == name.utf8CodeUnitCount, let bytes = content.baseAddress else { return false }
        return memcmp(bytes, name.utf8Start, content.count) == 0
    }
}
