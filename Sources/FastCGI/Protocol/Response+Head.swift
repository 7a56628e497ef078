extension Response {
    /// Everything before the body: `Status:`, the headers, `Content-Length:`, an empty line.
    ///
    /// Header values may come from untrusted sources, so they are made safe: a header whose name is not a token (RFC
    /// 9110, section 5.6.2) is dropped, and a control character in a value becomes a space, so that it cannot end the
    /// line.
    var head: [UInt8] {
        // A web server passes on no other final status.
        let status = (200...599).contains(status) ? status : 500
        var head: [UInt8] = []
        head.reserveCapacity(256)
        head += "Status: \(status) \(Self.reason(status))\r\n".utf8
        for (name, value) in headers where isOurs(name) {
            head += name.utf8
            head += ": ".utf8
            for byte in value.utf8 { head.append(byte < 0x20 && byte != 0x09 || byte == 0x7f ? 0x20 : byte) }
            head += "\r\n".utf8
        }
        if Self.mayHaveBody(status), let length = body.length { head += "Content-Length: \(length)\r\n".utf8 }
        head += "\r\n".utf8
        return head
    }

    /// The body as it is sent. It is empty for `HEAD` (RFC 3875, section 4.3.2), and for a status that forbids a body.
    func body(forMethod method: String) -> Body {
        method == "HEAD" || !Self.mayHaveBody(status) ? .bytes([]) : body
    }

    /// Whether a handler may set the header.
    private func isOurs(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else { return false }
        // Comparing the lengths first avoids lowercasing most headers.
        return switch name.utf8.count {
        case 6: name.lowercased() != "status"
        case 14: name.lowercased() != "content-length"
        default: true
        }
    }

    private static func mayHaveBody(_ status: Int) -> Bool { status != 204 && status != 304 }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: "!#$%&'*+.^_`|~".utf8.contains(byte)
        }
    }

    /// The reason phrases of RFC 9110, section 15. A web server may replace or drop them, but `curl -i` shows them if
    /// it does not.
    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 507: "Insufficient Storage"
        case ..<300: "Success"
        case ..<400: "Redirection"
        case ..<500: "Client Error"
        default: "Server Error"
        }
    }
}
