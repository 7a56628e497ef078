/// A response's status and header fields.
package struct FetchHead: Equatable, Sendable {
    package var status: Int
    /// Names in lower case; a repeated field keeps its last value.
    package var headers: [String: String]

    package init(status: Int, headers: [String: String] = [:]) {
        self.status = status
        self.headers = headers
    }
}

/// A whole response.
package struct FetchResponse: Equatable, Sendable {
    package var head: FetchHead
    package var body: [UInt8]

    package init(head: FetchHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}
