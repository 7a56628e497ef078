import E2B
import FastCGI
import Glibc
import ImageGate
import Interpreter
import JSON
import LibreChat
import MCP
import System

/// Reads settings from an environment, and collects all errors in them, so that the operator sees all of them at once.
struct SettingReader {
    private let environment: [String: String]
    private(set) var complaints: [String] = []

    init(_ environment: [String: String]) {
        let files = SecretFiles(environment)
        self.environment = files.environment
        complaints = files.complaints
    }

    /// The value; nil if the setting is absent or empty.
    func text(_ setting: Setting) -> String? {
        guard let text = environment[setting.name], !text.isEmpty else { return nil }
        return text
    }

    /// An absolute path in a variable that is not ours; nil if there is none.
    func path(_ name: String) -> String? {
        environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// The value of a variable that is not ours; nil if it is absent or empty.
    func foreign(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    mutating func integer(_ setting: Setting, _ range: ClosedRange<Int>) -> Int {
        let text = text(setting) ?? setting.standard
        guard let number = Int(text), range.contains(number) else {
            complain(setting, text, "a whole number from \(range.lowerBound) to \(range.upperBound)")
            return range.lowerBound
        }
        return number
    }

    /// The number; nil if the setting is absent or empty.
    mutating func optionalInteger(_ setting: Setting, _ range: ClosedRange<Int>) -> Int? {
        text(setting) == nil ? nil : integer(setting, range)
    }

    mutating func seconds(_ setting: Setting, _ range: ClosedRange<Int>) -> Duration {
        .seconds(integer(setting, range))
    }

    mutating func isOn(_ setting: Setting) -> Bool {
        let text = text(setting) ?? setting.standard
        if text != "on" && text != "off" { complain(setting, text, "on or off") }
        return text == "on"
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(_ setting: Setting, else standard: Choice)
        -> Choice
    {
        let text = text(setting) ?? setting.standard
        guard let choice = Choice(rawValue: text) else {
            complain(setting, text, Choice.allCases.map(\.rawValue).joined(separator: " or "))
            return standard
        }
        return choice
    }

    /// Reads two sides in pixels, the short one first: `768x2000`.
    mutating func box(_ setting: Setting) -> (short: Int, long: Int) {
        let text = text(setting) ?? setting.standard
        let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count == 2, let short = sides[0], let long = sides[1], 1 <= short, short <= long, long <= 20_000
        else {
            complain(setting, text, "two sides in pixels such as 768x2000, the short one first, at most 20000")
            return (1, 1)
        }
        return (short, long)
    }

    /// Reads an http or https URL, and removes a slash at its end. The error does not repeat the value, which may
    /// contain a password.
    mutating func url(_ setting: Setting) -> String? {
        guard let text = text(setting) else { return nil }
        guard let base = BaseURL(text) else {
            complaints.append(
                "\(setting.name): it must be an address that begins with http:// or https://, without user, query and "
                    + "fragment.")
            return nil
        }
        return base.text
    }

    /// Reads the URL of a proxy, which may have a user and a password, but no path.
    mutating func proxy(_ setting: Setting) -> String? {
        guard let text = text(setting) else { return nil }
        let isVisible = text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") }
        let user = text.lastIndex(of: "@").map { text[..<$0] } ?? ""
        let isUser =
            user.split(separator: "/", omittingEmptySubsequences: false).count <= 3
            && !user.contains { "?#".contains($0) }
        guard isVisible, isUser, let base = BaseURL(BaseURL.withoutUser(text)), base.hasNoPath else {
            complaints.append(
                "\(setting.name): it must be an address that begins with http:// or https://, such as "
                    + "http://user:password@proxy.example:3128.")
            return nil
        }
        return text
    }

    /// Reads a list of origins as browsers write them: `https://chat.example,https://…`.
    mutating func origins(_ setting: Setting) -> Set<String> {
        guard let text = text(setting) else { return [] }
        var origins: Set<String> = []
        for (index, entry) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            guard let base = BaseURL(entry.trimmingSpaces), base.hasNoPath else {
                complaints.append(
                    "\(setting.name), entry \(index + 1): it must be an origin such as https://chat.example.")
                continue
            }
            origins.insert(base.origin)
        }
        return origins
    }

    /// Reads a list of IP addresses. A variable that is present but empty is an error, because it would allow no web
    /// server at all.
    mutating func webServers(_ setting: Setting) -> WebServers {
        guard let list = environment[setting.name] else { return .local }
        guard let servers = WebServers(list: list) else {
            complaints.append("\(setting.name): it must be IP addresses with commas between them.")
            return .local
        }
        return servers
    }

    /// Refuses plain HTTP to E2B on another machine, because E2B's key, the code and its results could be read on the
    /// network.
    mutating func refusePlainHTTP(_ e2b: E2BConfiguration, unless allowed: Setting) {
        for (setting, url) in [(Setting.apiURL, e2b.apiURL), (.sandboxURL, e2b.sandboxURL)] where e2b.isPlaintext(url) {
            complaints.append(
                "\(setting.name): by plain http keys and code would cross the network for all to read. Use https, or allow "
                    + "it with \(allowed.name)=on.")
        }
    }

    mutating func readableFile(_ setting: Setting) -> String? {
        guard let path = text(setting) else { return nil }
        guard access(path, R_OK) == 0 else {
            complain(setting, path, "a file that can be read (\(SystemError.last("access").reason))")
            return nil
        }
        return path
    }

    /// A folder that is there and can be written, or the place for one.
    mutating func folder(_ setting: Setting) -> String? {
        guard let path = text(setting) else { return nil }
        let parent = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
        let isThere = access(path, F_OK) == 0
        guard path.hasPrefix("/"), access(isThere ? path + "/" : "\(parent)/", W_OK | X_OK) == 0 else {
            complain(setting, path, "the absolute path of a folder that can be written, or of one that can be made")
            return nil
        }
        return path
    }

    /// Reads the file of templates; an empty list if there is no such setting.
    mutating func templates(_ setting: Setting) -> JSONNode {
        guard let path = text(setting) else { return [] }
        do {
            return try TemplateFile(TemplateFile.bytes(of: path)).templates
        } catch {
            let path = BaseURL.withoutUser(path)
            let place = error.line.map { "line \($0) of \(path)" } ?? path
            complaints.append("\(setting.name), \(place): \(error.reason).")
            return []
        }
    }

    /// Reads the keys of tokens; nil if there is no such setting.
    mutating func tokens() -> TokenVerifier? {
        let issuer = text(.tokenIssuer) ?? Setting.tokenIssuer.standard
        let audience = text(.tokenAudience) ?? Setting.tokenAudience.standard
        guard let path = text(.tokenKeys) else { return nil }
        let reason: String
        do throws(YAMLError) {
            let bytes = try TemplateFile.bytes(of: path)
            do throws(TokenKeyFile.Failure) {
                return TokenVerifier(keys: try TokenKeyFile(bytes).keys, issuer: issuer, audience: audience)
            } catch {
                reason = error.reason
            }
        } catch {
            reason = error.reason
        }
        complaints.append("\(Setting.tokenKeys.name), \(BaseURL.withoutUser(path)): \(reason).")
        return nil
    }

    /// Reads a list of keys: `name:secret,name:secret`. A name may be there twice, so that its secret can be changed without a time
    /// when one of the two is refused. Errors give the number of the entry and not its text, which may
    /// be part of a secret.
    ///
    /// A variable that is present without a key is an error: the operator wanted keys, and without any, every program
    /// on this machine would be served.
    mutating func keys(_ setting: Setting) -> [AccessKey] {
        guard let list = environment[setting.name] else { return [] }
        guard list.contains(where: { $0 != "," && !$0.isWhitespace }) else {
            complaints.append("\(setting.name): there is no key in it. Give name:secret, or leave the setting out.")
            return []
        }
        var keys: [AccessKey] = []
        for (index, entry) in list.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            let parts = entry.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.trimmingSpaces }
            guard parts.count == 2, !parts[0].isEmpty, parts[1].count >= AccessKey.shortestSecret else {
                complaints.append(
                    "\(setting.name), entry \(index + 1): it must be name:secret, with a secret of at least "
                        + "\(AccessKey.shortestSecret) characters.")
                continue
            }
            guard keys.count(where: { $0.name == parts[0] }) < AccessKey.mostSecrets else {
                complaints.append(
                    "\(setting.name), entry \(index + 1): the name \(parts[0]) is there a third time. A name has one secret, or two "
                        + "while callers change from one to the other.")
                continue
            }
            guard !keys.contains(where: { $0.secret == parts[1] }) else {
                complaints.append("\(setting.name), entry \(index + 1): another entry has the same secret.")
                continue
            }
            keys.append(AccessKey(name: parts[0], secret: parts[1]))
        }
        return keys
    }

    /// Reads `name,name`, in which each name must be that of a key.
    mutating func names(_ setting: Setting, of keys: [AccessKey]) -> Set<String> {
        let names = (text(setting) ?? "").split(separator: ",").map { $0.trimmingSpaces }.filter { !$0.isEmpty }
        for (index, name) in names.enumerated() where !keys.contains(where: { $0.name == name }) {
            complaints.append("\(setting.name), entry \(index + 1): it must be the name of a key of E2B_FCGI_KEYS.")
        }
        return Set(names)
    }

    /// Reads `name,name`, in which each name must be one of `known`; nil if the setting is absent or empty.
    mutating func names(_ setting: Setting, among known: [String]) -> Set<String>? {
        guard let text = text(setting) else { return nil }
        let names = text.split(separator: ",").map { $0.trimmingSpaces }.filter { !$0.isEmpty }
        for name in names where !known.contains(name) {
            complain(setting, name, "names of \(known.joined(separator: ", "))")
        }
        if names.isEmpty { complain(setting, text, "names of \(known.joined(separator: ", "))") }
        return Set(names)
    }

    /// Reads the name of a header (RFC 9110, section 5.1).
    ///
    /// FastCGI has no underscores in names of headers apart from hyphens, and a header that has keys names no user.
    mutating func header(_ setting: Setting) -> String {
        let name = text(setting) ?? setting.standard
        let isToken = (1...100).contains(name.utf8.count) && name.utf8.allSatisfy(\.isHeaderNameByte)
        if !isToken || Self.otherHeaders.contains(name.lowercased()) {
            complain(setting, name, "the name of a header of its own, of letters, digits and hyphens")
        }
        return name
    }

    /// Headers that have another meaning here.
    private static let otherHeaders: Set = [
        "authorization", "x-api-key", "cookie", "host", "origin", "proxy", "accept", "content-type", "content-length",
        "mcp-protocol-version", "mcp-method", "mcp-name", ImageForms.header.lowercased(),
    ]

    /// Reads the forms of images: one for all keys, and `name:form` for some of them.
    mutating func imageForms(_ setting: Setting, of keys: [AccessKey]) -> ImageForms {
        var forms = ImageForms()
        for (index, entry) in (text(setting) ?? setting.standard).split(separator: ",").enumerated() {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimmingSpaces }
            guard parts.count <= 2, let form = parts.last.flatMap({ ImageUse.Form(rawValue: $0) }) else {
                complaints.append(
                    "\(setting.name), entry \(index + 1): it must be \(ImageForms.names), or name:link with a key's name."
                )
                continue
            }
            guard parts.count == 2 else {
                forms.standard = form
                continue
            }
            guard keys.contains(where: { $0.name == parts[0] }) else {
                complaints.append(
                    "\(setting.name), entry \(index + 1): its name must be that of a key of E2B_FCGI_KEYS.")
                continue
            }
            forms.byKey[parts[0]] = form
        }
        return forms
    }

    /// Reads the variables for the sandbox.
    ///
    /// E2B's code interpreter writes their values between quotes into the code that it runs, without escaping them
    /// (Protocol.md, 5.6). A value with a quote, a backslash or a line break would break every execution, or silently
    /// change it.
    mutating func secretVariables() -> [String: String] {
        let prefix = Setting.secretPrefix.name.dropLast()
        var variables: [String: String] = [:]
        for (name, value) in environment where name.hasPrefix(prefix) {
            let stripped = String(name.dropFirst(prefix.count))
            guard stripped.isVariableName else {
                complaints.append("\(name): what follows \(prefix) must be letters, digits and underscores.")
                continue
            }
            guard value.isSafeInCode else {
                complaints.append(
                    "\(name): its value has a quote, a backslash or a line break, which E2B's code interpreter cannot take."
                )
                continue
            }
            variables[stripped] = value
        }
        return variables
    }

    /// Refuses variables that look like a misspelt setting, because such a setting would silently have no effect.
    mutating func refuseUnknown() {
        for name in environment.keys.sorted() {
            switch SettingName.standing(of: name) {
            case .known, .foreign: break
            case .misspelt(let intended):
                let advice = intended.map { "Is \($0) meant?" } ?? "`e2b-fcgi --help` lists them."
                complaints.append("\(name): there is no such setting. \(advice)")
            }
        }
    }

    /// Adds an error about values that are valid, but not together.
    mutating func refuse(_ sentence: String) { complaints.append(sentence) }

    /// Refuses control characters, which no HTTP header can carry. A file that was made for another system may have a
    /// carriage return at the end of every line. For secret variables see ``secretVariables()``.
    mutating func refuseControlCharacters() {
        for setting in Setting.all {
            guard let value = environment[setting.name] else { continue }
            guard value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { continue }
            complaints.append("\(setting.name): its value has a control character.")
        }
    }

    /// Adds an error with the value of a setting that is not secret. Long values and those with an `@` are left out,
    /// because a secret may have been given to the wrong setting.
    private mutating func complain(_ setting: Setting, _ value: String, _ expected: String) {
        let shown = value.utf8.count <= 40 && !value.contains("@") ? " is '\(value)'" : ""
        complaints.append("\(setting.name)\(shown): it must be \(expected).")
    }
}

extension UInt8 {
    fileprivate var isHeaderNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension Substring {
    var trimmingSpaces: String {
        let body = drop { $0.isWhitespace }
        guard let last = body.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(body[...last])
    }
}
