/// Begin and params of a request, checked: what libfcgi gets to parse.
struct RequestHead: Equatable {
    /// Bytes of `FCGI_PARAMS`. Twice what nginx accepts of headers by default, and one record's worth.
    static let limit = 0xffff

    let requestID: UInt16
    /// 1 responder, 2 authorizer, 3 filter.
    let role: UInt16
    private let begin: [UInt8]
    private let params: [UInt8]

    /// - Parameters:
    ///   - begin: content of the `FCGI_BEGIN_REQUEST` record.
    ///   - params: that of all `FCGI_PARAMS` records.
    init(requestID: UInt16, begin: [UInt8], params: [UInt8]) throws(FastCGIError) {
        guard begin.count == 8, params.count <= Self.limit, Self.isWellFormed(params) else { throw .peerClosed }
        self.requestID = requestID
        role = UInt16(begin[0]) << 8 | UInt16(begin[1])
        self.begin = begin
        self.params = params
    }

    /// As few records as can be.
    var bytes: [UInt8] {
        var bytes = Record.bytes(.beginRequest, requestID: requestID, begin)
        if !params.isEmpty { bytes += Record.bytes(.params, requestID: requestID, params) }
        bytes += Record.bytes(.params, requestID: requestID)
        return bytes
    }

    /// Whether the lengths of all names and values add up to what there is. FastCGI 1.0, section 3.4.
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
