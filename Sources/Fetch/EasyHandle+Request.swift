import CCurl

extension EasyHandle {
    /// Sets every option of a transfer but its callbacks. Header lines go into `headers`, which libcurl does not copy.
    func prepare(
        for request: FetchRequest, _ headers: inout HeaderList, _ configuration: FetchConfiguration
    ) throws(FetchError) {
        guard request.hasValidURL else { throw .invalidURL }
        try keepMessage()
        try set(CURLOPT_URL, request.url)
        try setPolicy()
        try setConnection(configuration, isNegotiable: request.isNegotiable)
        try setMethodAndBody(request)
        for (name, value) in request.headers { try headers.append(name, value) }
        // "100-continue" would cost a round trip, or a second with a server that does not know it.
        try headers.suppress("Expect")
        if request.body != nil, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            try headers.suppress("Content-Type")
        }
    }

    /// What no request may change.
    private func setPolicy() throws(FetchError) {
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        try set(CURLOPT_TCP_NODELAY, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        // A proxy's answer to CONNECT is no head of ours.
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Otherwise ending a transfer whose host name is being looked up waits for the resolver, and all others with it.
        try set(CURLOPT_QUICK_EXIT, 1)
    }

    private func setConnection(_ configuration: FetchConfiguration, isNegotiable: Bool) throws(FetchError) {
        try set(CURLOPT_USERAGENT, configuration.userAgent)
        // Empty, not absent: absent means the environment's.
        try set(CURLOPT_PROXY, configuration.proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
        // Zero would mean libcurl's default of 300 s.
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, configuration.connectTimeout.milliseconds))
        if let caFile = configuration.caFile { try set(CURLOPT_CAINFO, caFile) }
        // libcurl reads the file once and keeps it for all connections, but only where it has no folder to look in as
        // well. Debian's has both, which hold the same certificates.
        if configuration.caFile != nil || Self.hasCAFile { try set(CURLOPT_CAPATH, nil) }
        try set(CURLOPT_HTTP_VERSION, isNegotiable ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
    }

    /// Whether libcurl knows the system's file of certificate authorities.
    private static let hasCAFile = curl_version_info(CURLVERSION_SEVENTH)?.pointee.cainfo != nil

    private func setMethodAndBody(_ request: FetchRequest) throws(FetchError) {
        guard HeaderList.isToken(request.method) else { throw .invalidRequest }
        if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else if let body = request.body ?? (request.method == "POST" ? [] : nil) {
            try set(CURLOPT_POST, 1)
            try set(body: body)
            if request.method != "POST" { try set(CURLOPT_CUSTOMREQUEST, request.method) }
        } else {
            try set(CURLOPT_HTTPGET, 1)
            if request.method != "GET" { try set(CURLOPT_CUSTOMREQUEST, request.method) }
        }
    }
}

extension FetchRequest {
    fileprivate var isHTTPS: Bool { url.prefix(8).lowercased() == "https://" }

    /// A body beyond HTTP/2's initial window (RFC 9113, 6.5.2) goes over HTTP/1.1: where a server answers without
    /// reading it, as edges do with errors, libcurl 7.88 waits for room in the window until the time is up.
    var isNegotiable: Bool {
        isHTTPS && httpVersion == .negotiated && (body?.count ?? 0) <= 65_535
    }

    /// libcurl parses; this keeps out what would not reach it whole (a NUL), and schemes it would guess.
    fileprivate var hasValidURL: Bool {
        (isHTTPS || url.prefix(7).lowercased() == "http://") && url.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
    }
}

extension Duration {
    /// Rounded up, and kept in the range of a C int.
    var milliseconds: Int {
        let limit = Int(Int32.max)
        guard self < .milliseconds(limit) else { return limit }
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
