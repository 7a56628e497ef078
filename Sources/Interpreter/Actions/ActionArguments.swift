package import JSON

/// A caller's name for a session: 1 to 128 printable characters.
package struct SessionName: Equatable, Sendable, ArgumentValue {
    package static let type = ArgumentType.text

    package let text: String

    package init?(json: JSONValue) {
        guard let text = json.exactString else { return nil }
        self.text = text
    }

    /// A number, as some clients count conversations.
    package init?(lenient json: JSONValue) {
        guard json.integer != nil else { return nil }
        text = json.text
    }

    package func demand(of type: ArgumentType) -> String? {
        Self.isValid(text) ? nil : "1 to 128 printable characters"
    }

    package static func isValid(_ text: String) -> Bool {
        text.utf8.count <= 1024 && (1...128).contains(text.count)
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
                default: true
                }
            }
    }
}

extension Language: ArgumentValue {
    package static let type = ArgumentType.choice(["python", "javascript", "typescript", "shell", "bash", "r", "java"])

    package init?(json: JSONValue) {
        guard let name = json.exactString, case .choice(let names) = Self.type, names.contains(name) else { return nil }
        self.init(name: name)
    }

    /// The usual short names, in any case.
    package init?(lenient json: JSONValue) {
        guard let name = json.exactString else { return nil }
        self.init(name: name)
    }
}

extension UnixUser: ArgumentValue {
    package static let type = ArgumentType.form(
        expectation: "the name of a Unix user, root for example", example: "root")

    package init?(json: JSONValue) {
        guard let name = json.exactString else { return nil }
        self.init(name)
    }
}

extension SandboxPath: ArgumentValue {
    package static let type = ArgumentType.form(expectation: "a path of 1 to 4096 bytes", example: "/home/user/a.txt")

    package init?(json: JSONValue) {
        guard let text = json.exactString else { return nil }
        self.init(text)
    }
}
