/// One request as the web server sent it. A copy: nothing points into libfcgi's memory.
package struct FastCGIRequest: Sendable {
    /// `FCGI_PARAMS`, such as `REQUEST_METHOD` (CGI/1.1, RFC 3875, section 4.1).
    package var params: [String: String]
    /// `FCGI_STDIN`, whole; or why it could not be had: `.bodyTooLarge`, `.bodyTruncated` or `.badContentLength`.
    package var stdin: Result<[UInt8], FastCGIError>

    package init(params: [String: String], stdin: Result<[UInt8], FastCGIError>) {
        self.params = params
        self.stdin = stdin
    }
}
