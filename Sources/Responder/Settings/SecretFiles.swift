import System

/// The settings of an environment, with the secrets that it names files for: `NAME_FILE` is the path of a file that has the value of
/// `NAME`.
///
/// A file can be readable for one user alone, while a process's environment is found in configuration files, in `docker inspect`
/// and in the output of a program that prints its environment. systemd's `LoadCredential=` and the secrets of container
/// runtimes are such files.
package struct SecretFiles {
    /// The environment with the secrets, and without the names of their files.
    package private(set) var environment: [String: String]
    /// A sentence for each file that cannot be used. None has the content of a file.
    package private(set) var complaints: [String] = []

    /// The names of all secrets.
    package static let names = Setting.secrets.map(\.name) + AWSVariable.secrets

    /// What follows the name of a secret in the name of the variable with its file.
    static let suffix = "_FILE"

    /// Far more than a list of a thousand keys has.
    private static let byteLimit = 1 << 20

    package init(_ environment: [String: String]) {
        self.environment = environment
        for name in Self.names { resolve(name) }
    }

    private mutating func resolve(_ name: String) {
        let fileName = name + Self.suffix
        guard let path = environment.removeValue(forKey: fileName) else { return }
        guard !path.isEmpty else {
            // An empty setting counts as absent, but for the list of keys: the operator wanted some.
            if name == Setting.keys.name, environment[name] == nil { environment[name] = "" }
            return
        }
        if environment[name]?.isEmpty == false {
            return complaints.append("\(name) and \(fileName) are both set. Remove one of them.")
        }
        let shown = Self.shown(path).map { ", \($0)" } ?? ""
        let advice = "Name a file that this process can read, with the value and nothing else in it."
        do throws(RegularFile.Failure) {
            let bytes = try RegularFile.read(path, limit: Self.byteLimit)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                return complaints.append("\(fileName)\(shown): it is not UTF-8. \(advice)")
            }
            let value = Self.value(of: text, isList: name == Setting.keys.name)
            guard !value.isEmpty else {
                return complaints.append("\(fileName)\(shown): it is empty. \(advice)")
            }
            environment[name] = value
        } catch {
            complaints.append("\(fileName)\(shown): \(error). \(advice)")
        }
    }

    /// The text without the end of its last line, which editors add.
    ///
    /// - Parameter isList: whether each line is an entry.
    private static func value(of text: String, isList: Bool) -> String {
        var text = text[...]
        // A carriage return and a line feed are one character.
        if text.last == "\n" || text.last == "\r\n" { text.removeLast() }
        guard isList else { return String(text) }
        return text.split { $0.isNewline || $0 == "," }.map(\.trimmingSpaces).filter { !$0.isEmpty }
            .joined(separator: ",")
    }

    /// The path for a message; nil if the text looks like no path, because a secret may have been given in its place.
    private static func shown(_ path: String) -> String? {
        path.utf8.count <= 500 && (path.hasPrefix("/") || path.hasPrefix("./") || path.hasPrefix("../")) ? path : nil
    }
}

/// The variables of Amazon's own programs that are used here.
enum AWSVariable {
    static let keyID = "AWS_ACCESS_KEY_ID"
    static let secretKey = "AWS_SECRET_ACCESS_KEY"
    static let sessionToken = "AWS_SESSION_TOKEN"
    static let secrets = [keyID, secretKey, sessionToken]
}
