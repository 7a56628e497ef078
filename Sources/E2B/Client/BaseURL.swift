/// The part of a URL that paths are added to: scheme, host, port and perhaps a path, without a slash at its end.
package struct BaseURL: Equatable {
    package let text: String
    package let isSecure: Bool
    /// The host without its port and without the brackets of IPv6.
    package let host: String
    /// The origin as browsers write it: scheme, host, and a port that is not the scheme's own. RFC 6454, section 6.2.
    package let origin: String

    /// Returns nil if it is not an `http` or `https` URL, or if it has a user, a query or a fragment.
    package init?(_ text: String) {
        guard text.utf8.count <= 2048, let colon = text.firstRange(of: "://") else { return nil }
        switch text[..<colon.lowerBound].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let rest = text[colon.upperBound...]
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+,;=:/[]".utf8)
        let authority = rest.prefix { $0 != "/" }
        guard rest.utf8.allSatisfy(allowed.contains), let host = Self.host(of: authority) else { return nil }
        self.host = host
        let scheme = isSecure ? "https" : "http"
        let standardPort = isSecure ? ":443" : ":80"
        let place = authority.hasSuffix(standardPort) ? authority.dropLast(standardPort.count) : authority
        origin = "\(scheme)://\(place.lowercased())"
        var text = text
        while text.last == "/" { text.removeLast() }
        self.text = text
    }

    package var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isNumber }
    }

    /// Removes the user and the password from a text that may be a URL, well-formed or not, so that a message can show it.
    package static func withoutUser(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let scheme = ["http://", "https://"].first { text.lowercased().hasPrefix($0) } ?? ""
        return scheme + String(text[text.index(after: at)...])
    }

    /// Returns the host of `host`, `host:port`, `[::1]` or `[::1]:port`; nil for any other text.
    static func host(of authority: Substring) -> String? {
        let host: Substring
        let port: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            port = authority[authority.index(after: end)...]
            guard host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }), host.contains(":") else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            port = authority[host.endIndex...]
            guard host.utf8.allSatisfy({ isHostCharacter($0) }) else { return nil }
        }
        guard !host.isEmpty, host.utf8.count <= 253, port.isEmpty || port.first == ":" else { return nil }
        if !port.isEmpty {
            guard let number = UInt16(port.dropFirst()), number > 0 else { return nil }
        }
        return host.lowercased()
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
