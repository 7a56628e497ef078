/// The response to a request: `Status:` and header lines, then the body (RFC 3875, section 6).
package struct Response: Sendable {
    /// An HTTP status, 200 to 599.
    package var status: Int
    /// The header fields. `Status` and `Content-Length` are ignored here, because the server writes them.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
