/// A language of the code interpreter's template.
package enum Language: String, CaseIterable, Sendable {
    case python, javascript, typescript, r, java, bash

    /// Takes the usual short names too, in any case.
    package init?(name: String) {
        switch name.filter({ !$0.isWhitespace }).lowercased() {
        case "py", "python3", "py3", "ipython": self = .python
        case "js", "node", "nodejs", "node.js": self = .javascript
        case "ts": self = .typescript
        case "sh", "shell", "zsh": self = .bash
        case let name: self.init(rawValue: name)
        }
    }

    /// As people write it.
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

    /// The value as it must be written so that the code interpreter, which puts it between quotes into the code it runs
    /// without escaping (Protocol.md, 5.6), gives the program the right one.
    package func escaped(variable value: String) -> String {
        // By byte: a quote under an accent is one character with it, as CR LF are one, and the quote would stand bare.
        var escaped: [UInt8] = []
        escaped.reserveCapacity(value.utf8.count)
        for byte in value.utf8 {
            switch (self, byte) {
            // Between single quotes nothing is special but the quote.
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
    /// Whether it stays what it is when the code interpreter writes it between quotes into code, unescaped.
    /// Protocol.md, 5.6.
    package var isSafeInCode: Bool {
        !utf8.contains { "'\"\\\n\r\0".utf8.contains($0) }
    }

    /// Whether there is nothing but white space in it, if anything.
    package var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
