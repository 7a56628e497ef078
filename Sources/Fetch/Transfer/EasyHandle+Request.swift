import CCurl
import CCurlShim
import Glibc
import System

extension EasyHandle {
    /// Sets every option that differs from one request to the next, unless it is as it was for the last one.
    func prepare(for request: FetchRequest) throws(FetchError) {
        forgetMessage()
        if request.url != last.url {
            guard request.hasValidURL else { throw .invalidURL }
            try set(CURLOPT_URL, request.url)
            last.url = request.url
        }
        let isNegotiable = request.isNegotiable
        if isNegotiable != last.isNegotiable {
            try set(CURLOPT_HTTP_VERSION, isNegotiable ? ccurl_http_version_2_tls : ccurl_http_version_1_1)
            last.isNegotiable = isNegotiable
        }
        if request.keepsConnection != last.keepsConnection {
            try set(CURLOPT_FORBID_REUSE, request.keepsConnection ? 0 : 1)
            last.keepsConnection = request.keepsConnection
        }
        if request.receiveSize != last.receiveSize {
            try set(CURLOPT_BUFFERSIZE, request.receiveSize)
            last.receiveSize = request.receiveSize
        }
        if request.signature != last.signature {
            try set(request.signature)
            last.signature = request.signature
        }
        try setMethodAndBody(request)
        try setHeaders(of: request)
    }

    /// Sets the options that are the same for all requests.
    func setPolicy() throws(FetchError) {
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, ccurl_ssl_version_tls_1_2)
        try set(CURLOPT_TCP_NODELAY, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try setSocketCallback { _, socket, _ in
            // A program that is started meanwhile would keep the connection open, and in the epoll set.
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            return CInt(CURL_SOCKOPT_OK)
        }
        // The header lines of a proxy's answer to CONNECT are not the response's.
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Without this, ending a transfer whose host name is being looked up would block the thread until the resolver
        // has answered.
        try set(CURLOPT_QUICK_EXIT, 1)
    }

    func set(_ configuration: FetchConfiguration) throws(FetchError) {
        try set(CURLOPT_USERAGENT, configuration.userAgent)
        // An empty string means no proxy. Without the option libcurl would use the environment's.
        try set(CURLOPT_PROXY, configuration.proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
        // Zero would mean libcurl's default of 300 s.
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, configuration.connectTimeout.wholeMilliseconds))
        if let caFile = configuration.caFile { try set(CURLOPT_CAINFO, caFile) }
        // libcurl reads the file once and keeps it for all connections, but only where it has no folder to look in as
        // well. Debian's has both, which hold the same certificates.
        if configuration.caFile != nil || Self.hasCAFile { try set(CURLOPT_CAPATH, nil) }
    }

    /// Whether libcurl knows the system's file of certificate authorities.
    private static let hasCAFile = curl_version_info(CURLVERSION_SEVENTH)?.pointee.cainfo != nil

    private func setMethodAndBody(_ request: FetchRequest) throws(FetchError) {
        let name = request.method
        let body = name == "HEAD" ? nil : request.body ?? (name == "POST" ? .bytes([]) : nil)
        let method = LastRequest.Method(name: name, hasBody: body != nil)
        if method != last.method {
            try set(method)
            last.method = method
        }
        switch body {
        case .bytes(let bytes): try set(body: bytes)
        case .pieces(let source): try setBody(length: source.length)
        case nil: break
        }
    }

    /// - Parameter signature: nil after a request that was signed, whose credentials the next one must not send.
    private func set(_ signature: AWSSignature?) throws(FetchError) {
        try set(CURLOPT_USERNAME, signature?.credentials.accessKeyID)
        try set(CURLOPT_PASSWORD, signature?.credentials.secretAccessKey)
        try set(CURLOPT_AWS_SIGV4, signature?.scope)
        // Setting the option above has set this one; unsetting it has not.
        if signature == nil { try set(CURLOPT_HTTPAUTH, ccurl_auth_basic) }
    }

    private func set(_ method: LastRequest.Method) throws(FetchError) {
        guard CurlHeaderList.isToken(method.name) else { throw .invalidRequest }
        // Each of the first options of these pairs undoes the other two.
        if method.name == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
            try set(CURLOPT_CUSTOMREQUEST, nil)
        } else if method.hasBody {
            try set(CURLOPT_POST, 1)
            try set(CURLOPT_CUSTOMREQUEST, method.name == "POST" ? nil : method.name)
        } else {
            try set(CURLOPT_HTTPGET, 1)
            try set(CURLOPT_CUSTOMREQUEST, method.name == "GET" ? nil : method.name)
        }
    }
}

extension FetchRequest {
    fileprivate var isHTTPS: Bool { url.begins("https://") }

    /// A body beyond HTTP/2's initial window (RFC 9113, 6.5.2) goes over HTTP/1.1: where a server answers without
    /// reading it, as edges do with errors, libcurl 7.88 waits for room in the window until the time is up.
    var isNegotiable: Bool {
        guard isHTTPS, httpVersion == .negotiated else { return false }
        return switch body {
        case nil: true
        case .bytes(let bytes): bytes.count <= 65_535
        case .pieces: false
        }
    }

    /// A first check before libcurl parses the URL. It refuses a NUL, which would cut the URL short, and a missing
    /// scheme, which libcurl would guess.
    fileprivate var hasValidURL: Bool {
        (isHTTPS || url.begins("http://")) && url.hasOnly { $0 > 0x20 && $0 != 0x7f }
    }
}

extension String {
    var isContentType: Bool { utf8.count == 12 && begins("content-type") }

    /// Whether it begins with `lowercase`, ignoring case.
    fileprivate func begins(_ lowercase: StaticString) -> Bool {
        let prefix = UnsafeBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount)
        return utf8.count >= prefix.count
            && zip(utf8, prefix).allSatisfy { (0x41...0x5a).contains($0) ? $0 | 0x20 == $1 : $0 == $1 }
    }
}
