/// A response's status and header fields.
package struct FetchHead: Equatable, Sendable {
    package var status: Int
    private let lines: HeaderLines

    package init(status: Int, headers: [String: String] = [:]) {
        self.init(status: status, lines: HeaderLines(headers))
    }

    init(status: Int, lines: HeaderLines) {
        self.status = status
        self.lines = lines
    }

    /// The header fields, with names in lower case; a repeated field has its last value. They are parsed only when this
    /// is called, because for most responses the status and the body suffice.
    package var headers: [String: String] { lines.fields }
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
