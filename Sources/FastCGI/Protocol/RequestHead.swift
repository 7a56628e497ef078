/// The begin record and the params of a request, checked before libfcgi gets them.
struct RequestHead: Equatable {
    /// The largest number of bytes of `FCGI_PARAMS`: as many as fit into one record, and twice what nginx accepts of
    /// headers by default.
    static let limit = 0xffff

    let requestID: UInt16
    /// 1 responder, 2 authorizer, 3 filter.
    let role: UInt16
    private let begin: [UInt8]
    private let params: [UInt8]

    /// - Parameters:
    ///   - begin: content of the `FCGI_BEGIN_REQUEST` record.
    ///   - params: content of all `FCGI_PARAMS` records.
    init(requestID: UInt16, begin: [UInt8], params: [UInt8]) throws(FastCGIError) {
        guard begin.count == 8, params.count <= Self.limit, Self.isWellFormed(params) else { throw .peerClosed }
        self.requestID = requestID
        role = UInt16(begin[0]) << 8 | UInt16(begin[1])
        self.begin = begin
        self.params = params
    }

    /// The head in as few records as possible.
    var bytes: [UInt8] {
        var bytes = Record.bytes(.beginRequest, requestID: requestID, begin)
        if !params.isEmpty { bytes += Record.bytes(.params, requestID: requestID, params) }
        bytes += Record.bytes(.params, requestID: requestID)
        return bytes
    }

    /// Whether the lengths of all names and values add up to the number of bytes. FastCGI 1.0, section 3.4.
    private static func isWellFormed(_ params: [UInt8]) -> Bool {
        var rest = params[...]
        func length() -> Int? {
            guard let first = rest.popFirst() else { return nil }
            if first < 0x80 { return Int(first) }
            guard rest.count >= 3 else { return nil }
            let low = rest.prefix(3).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(3)
            return Int(first & 0x7f) << 24 | low
        }
        while !rest.isEmpty {
            guard let name = length(), let value = length(), name + value <= rest.count else { return false }
            rest = rest.dropFirst(name + value)
        }
        return true
    }
}
