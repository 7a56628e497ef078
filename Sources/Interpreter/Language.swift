/// A language of the code interpreter's template.
package enum Language: String, CaseIterable, Sendable {
    case python, javascript, typescript, r, java, bash

    /// Makes a language from its name or a usual short name, in any case. A version after it says nothing here: python3.11,
    /// node20.
    package init?(name: String) {
        let name = name.filter { !$0.isWhitespace }.lowercased()
        if let language = Self(usualName: name) {
            self = language
        } else {
            guard let end = name.lastIndex(where: { !$0.isNumber && $0 != "." }) else { return nil }
            self.init(usualName: String(name[...end]))
        }
    }

    private init?(usualName name: String) {
        switch name {
        case "py", "python3", "py3", "ipython": self = .python
        case "js", "node", "nodejs", "node.js", "ecmascript": self = .javascript
        case "ts": self = .typescript
        case "sh", "shell", "zsh": self = .bash
        default: self.init(rawValue: name)
        }
    }

    /// The name as people write it.
    package var name: String {
        switch self {
        case .python: "Python"
        case .javascript: "JavaScript"
        case .typescript: "TypeScript"
        case .r: "R"
        case .java: "Java"
        case .bash: "bash"
        }
    }

    /// Returns the value in the form in which the program gets the right one. The code interpreter writes values
    /// between quotes into the code, without escaping them (Protocol.md, 5.6).
    package func escaped(variable value: String) -> String {
        // The loop reads bytes, because a quote with an accent is one character of Swift, as CR LF is, and the quote
        // would not be escaped.
        var escaped: [UInt8] = []
        escaped.reserveCapacity(value.utf8.count)
        for byte in value.utf8 {
            switch (self, byte) {
            // A shell interprets nothing between single quotes except the quote itself.
            case (.bash, UInt8(ascii: "'")): escaped += #"'\''"#.utf8
            case (.bash, _): escaped.append(byte)
            case (_, UInt8(ascii: "\\")), (_, UInt8(ascii: "'")), (_, UInt8(ascii: "\"")): escaped += [0x5c, byte]
            case (_, UInt8(ascii: "\n")): escaped += #"\n"#.utf8
            case (_, UInt8(ascii: "\r")): escaped += #"\r"#.utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

extension String {
    /// Whether the value is unchanged when the code interpreter writes it between quotes into code without escaping it.
    /// Protocol.md, 5.6.
    package var isSafeInCode: Bool {
        !utf8.contains { "'\"\\\n\r\0".utf8.contains($0) }
    }

    /// Whether the text is empty or has only white space.
    package var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
