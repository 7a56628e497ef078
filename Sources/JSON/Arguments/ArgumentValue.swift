/// A Swift type that can hold an argument.
package protocol ArgumentValue: Sendable {
    /// The type of a parameter that gives no other type.
    static var type: ArgumentType { get }
    /// Reads the value; nil if the JSON is of another type.
    init?(json: JSONValue)
    /// Reads a value of another type that can only mean one thing; nil if it cannot.
    init?(lenient json: JSONValue)
    /// Checks the value against the bounds of its type.
    ///
    /// - Returns: what the value must be, as the end of a sentence after "must be"; nil if the value is within the
    ///   bounds.
    func demand(of type: ArgumentType) -> String?
}

extension ArgumentValue {
    package init?(lenient json: JSONValue) { return nil }
    package func demand(of type: ArgumentType) -> String? { nil }
}

extension String: ArgumentValue {
    package static var type: ArgumentType { .text }

    package init?(json: JSONValue) {
        guard let text = json.exactString else { return nil }
        self = text
    }

    package func demand(of type: ArgumentType) -> String? {
        guard case .choice(let words) = type, !words.contains(self) else { return nil }
        return type.expectation
    }
}

extension Bool: ArgumentValue {
    package static var type: ArgumentType { .flag }

    package init?(json: JSONValue) {
        switch json.kind {
        case .true: self = true
        case .false: self = false
        default: return nil
        }
    }
}

extension Bool {
    package init?(lenient json: JSONValue) {
        switch json.bareText?.lowercased() {
        case "true", "yes", "on", "1": self = true
        case "false", "no", "off", "0": self = false
        default: return nil
        }
    }
}

extension Int {
    package init?(lenient json: JSONValue) {
        guard let text = json.bareText, !text.contains("x") else { return nil }
        guard let number = Int(text) ?? Double(text).flatMap({ Int(exactly: $0) }) else { return nil }
        self = number
    }
}

extension Double {
    package init?(lenient json: JSONValue) {
        guard let text = json.bareText, let number = Double(text), number.isFinite, !text.contains("x") else {
            return nil
        }
        self = number
    }
}

extension [String] {
    /// Reads one name, several names with blanks or commas between them, or an array of names in a string.
    package init?(lenient json: JSONValue) {
        guard var text = json.exactString else { return nil }
        let list = text.withUTF8 { bytes -> [String]? in
            guard bytes.first == UInt8(ascii: "[") else { return nil }
            return (try? JSONScanner.value(of: UnsafeRawBufferPointer(bytes))).flatMap { [String](json: $0) }
        }
        self = list ?? text.words
    }
}

extension String {
    /// Splits a text at blanks and commas. A version belongs to the name before it: `numpy >= 1.2, < 2`.
    fileprivate var words: [String] {
        var words: [String] = []
        var isWithinVersion = false
        for word in split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            let isComparison = word.first.map { "<>=!~".contains($0) } ?? false
            if let last = words.indices.last, isComparison || isWithinVersion {
                let isNext = isComparison && words[last].contains { "<>=!~".contains($0) }
                words[last] += (isNext ? "," : "") + word
            } else {
                words.append(String(word))
            }
            isWithinVersion = word.last.map { "<>=!~".contains($0) } ?? false
        }
        return words
    }
}

extension JSONValue {
    /// Reads a string without blanks around it, or a number as it is written.
    package var bareText: String? {
        guard let text = kind == .number ? self.text : exactString else { return nil }
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        guard let end = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[start...end])
    }
}

extension Int: ArgumentValue {
    package static var type: ArgumentType { .integer(.min ... .max) }

    /// Reads a whole number. 60.0 and 6e1 are whole numbers as well.
    package init?(json: JSONValue) {
        guard let number = json.integer ?? Double(json: json).flatMap({ Int(exactly: $0) }) else { return nil }
        self = number
    }

    package func demand(of type: ArgumentType) -> String? {
        guard case .integer(let range) = type, !range.contains(self) else { return nil }
        return type.expectation
    }
}

extension Double: ArgumentValue {
    package static var type: ArgumentType { .number(0 ... .greatestFiniteMagnitude) }

    package init?(json: JSONValue) {
        guard let number = json.double else { return nil }
        self = number
    }

    package func demand(of type: ArgumentType) -> String? {
        guard case .number(let range) = type, !range.contains(self) else { return nil }
        return type.expectation
    }
}

extension [String]: ArgumentValue {
    package static var type: ArgumentType { .texts }

    package init?(json: JSONValue) {
        guard json.kind == .array else { return nil }
        var texts: [String] = []
        var areTexts = true
        // The scanner has read the array before, so its elements are well-formed.
        try? json.elements { element in
            if let text = element.exactString { texts.append(text) } else { areTexts = false }
        }
        guard areTexts else { return nil }
        self = texts
    }
}

extension [String: String]: ArgumentValue {
    package static var type: ArgumentType { .variables }

    /// Reads numbers and truth values as they are written. Members that are null are absent.
    ///
    /// Models also write the object as a string that holds it.
    package init?(lenient json: JSONValue) {
        if var text = json.exactString {
            let object = text.withUTF8 { bytes in
                (try? JSONScanner.value(of: UnsafeRawBufferPointer(bytes))).flatMap { value in
                    value.kind == .object ? Self(lenient: value) : nil
                }
            }
            guard let object else { return nil }
            self = object
            return
        }
        guard json.kind == .object else { return nil }
        var variables: [String: String] = [:]
        var areTexts = true
        try? json.members { key, value in
            guard let name = key.exactString else { return areTexts = false }
            switch value.kind {
            case .null: break
            case .number, .true, .false: variables[name] = value.text
            default:
                if let text = value.exactString { variables[name] = text } else { areTexts = false }
            }
        }
        guard areTexts else { return nil }
        self = variables
    }

    package init?(json: JSONValue) {
        guard json.kind == .object else { return nil }
        var variables: [String: String] = [:]
        var areTexts = true
        // The scanner has read the object before, so its members are well-formed.
        try? json.members { key, value in
            if let name = key.exactString, let text = value.exactString {
                variables[name] = text
            } else {
                areTexts = false
            }
        }
        guard areTexts else { return nil }
        self = variables
    }

    package func demand(of type: ArgumentType) -> String? {
        keys.allSatisfy(\.isVariableName)
            ? nil : "\(type.expectation), named with letters, digits and underscores"
    }
}
