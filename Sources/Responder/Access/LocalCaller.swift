internal import CGNU
import CodeAPI
import FastCGI

/// The check that a request comes from a program on this machine, which replaces the key if no keys are configured.
///
/// The peer's address is not enough. A web page can make the browser on this machine send a request, under a name for
/// which the page's own DNS returns this machine's address (DNS rebinding). Behind another proxy, every peer is local.
enum LocalCaller {
    /// - Throws: ``Refusal`` if the request may come from elsewhere. The origin of a web page is checked elsewhere: see
    ///   ``Origins``.
    static func check(_ request: FastCGIRequest) throws(Refusal) {
        let address = request.remoteAddress
        guard address == "unix:" || IPAddress(address)?.isLoopback == true else { throw refusal(401, "") }
        guard !request.cameThroughProxy else {
            throw refusal(401, ", and this request came through a proxy")
        }
        guard request.header("Host").map(isLoopback) == true else {
            throw refusal(403, ", at localhost or 127.0.0.1, and this request's Host is neither")
        }
        // A web page can send text and forms, but no JSON, no header of another name and no other method without a preflight
        // request (https://fetch.spec.whatwg.org/#cors-preflight-fetch).
        guard request.method != "POST" || request.isJSON || request.isOfProgram else {
            throw Refusal(
                status: 415,
                "Without a key configured the body is taken as Content-Type: application/json only; a form from LibreChat, too, "
                    + "which sends a User-Id.")
        }
    }

    private static func refusal(_ status: Int, _ addition: String) -> Refusal {
        Refusal(
            status: status,
            "No key is configured (E2B_FCGI_KEYS), so only programs on this machine may use the service\(addition).")
    }

    /// Whether `host` or `host:port` names this machine. Other names that lead here, such as `x.localhost`, are not
    /// accepted, because a resolver may ask DNS for them.
    static func isLoopback(host: String) -> Bool {
        let name: Substring
        let port: Substring
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return false }
            name = host[host.index(after: host.startIndex)..<end]
            port = host[host.index(after: end)...]
            guard name.contains(":") else { return false }
        } else {
            name = host.prefix { $0 != ":" }
            port = host[name.endIndex...]
        }
        let digits = port.dropFirst()
        let isPort = port.first == ":" && UInt16(digits) != nil && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard port.isEmpty || isPort else { return false }
        return name.lowercased() == "localhost" || IPAddress(String(name))?.isLoopback == true
    }
}

extension FastCGIRequest {
    /// Whether the content type is JSON. Parameters after the type are ignored (RFC 9110, section 8.3.1).
    fileprivate var isJSON: Bool {
        (contentType ?? "").prefix { $0 != ";" }.trimmingSpaces.lowercased() == "application/json"
    }

    /// Whether the request has a header of LibreChat's that no form in a web page can have.
    fileprivate var isOfProgram: Bool {
        ["User-Id", ExecutionProfile.expectationHeader].contains { header($0)?.isEmpty == false }
    }

    /// Whether the request came through another server, as far as its headers show it.
    fileprivate var cameThroughProxy: Bool {
        // nginx's `proxy_pass` without further directives adds no header, but sends HTTP/1.0, which current clients do
        // not.
        if let version = params["SERVER_PROTOCOL"], version == "HTTP/1.0" || version == "HTTP/0.9" { return true }
        return params.contains { name, value in !value.isEmpty && Self.isSignOfProxy(name) }
    }

    /// Whether a header is one that proxies add. The names are recognised by their form, because every product has its
    /// own. nginx/e2b-fcgi.conf passes only listed headers on, so it checks such a list itself, and reports the result
    /// in `E2B_FCGI_PROXIED`.
    private static func isSignOfProxy(_ param: String) -> Bool {
        if param == "E2B_FCGI_PROXIED" { return true }
        guard param.hasPrefix("HTTP_") else { return false }
        let name = param.dropFirst("HTTP_".count)
        return proxyNames.contains { name == $0 } || proxyPrefixes.contains { name.hasPrefix($0) }
            || Array(name.utf8).withUnsafeBytes { name in proxyWords.contains { $0.isIn(name) } }
    }

    private static let proxyNames = [
        "VIA", "CDN_LOOP", "X_HOST", "X_SCHEME", "X_URL_SCHEME", "FRONT_END_HTTPS", "X_REWRITE_URL",
    ]
    private static let proxyPrefixes = [
        "CF_", "X_ORIGINAL_", "X_ENVOY_", "X_AMZN_", "X_AMZ_CF_", "X_AZURE_", "X_ARR_", "X_VARNISH", "FASTLY_",
    ]
    private static let proxyWords: [StaticString] = [
        "FORWARD", "PROXY", "REAL_IP", "REALIP", "CLIENT_IP", "CLIENTIP", "CONNECTING_IP", "REMOTE_IP",
        "REMOTE_ADDR", "ORIGINATING_IP", "USER_IP", "PEER_IP", "SOURCE_IP",
    ]
}

extension StaticString {
    /// Whether the text occurs among the bytes. Every header of every request is searched, and the search for characters of
    /// Unicode took a tenth of the time of a request.
    fileprivate func isIn(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress else { return false }
        return memmem(start, bytes.count, utf8Start, utf8CodeUnitCount) != nil
    }
}
