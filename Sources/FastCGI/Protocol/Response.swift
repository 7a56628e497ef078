/// What goes back to the web server: `Status:` and header lines, then the body (RFC 3875, section 6).
package struct Response: Sendable {
    /// An HTTP status, 200 to 599.
    package var status: Int
    /// `Status` and `Content-Length` are the server's to write; here they are ignored.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
