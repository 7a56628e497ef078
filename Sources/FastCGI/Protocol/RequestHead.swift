/// The begin record and the params of a request.
struct RequestHead: Equatable {
    /// The largest number of bytes of `FCGI_PARAMS`: as many as fit into one record, and twice what nginx accepts of
    /// headers by default.
    static let limit = 0xffff

    let requestID: UInt16
    /// The role of the application: 1 for a responder, 2 for an authorizer, 3 for a filter.
    let role: UInt16
    private(set) var params: [String: String]

    /// - Parameters:
    ///   - begin: the content of the `FCGI_BEGIN_REQUEST` record.
    ///   - params: the content of all `FCGI_PARAMS` records.
    /// - Throws: `.peerClosed` if the content is malformed or too long.
    init(requestID: UInt16, begin: [UInt8], params: [UInt8]) throws(FastCGIError) {
        guard begin.count == 8, params.count <= Self.limit, let params = params.withUnsafeBytes({ Params.read($0) })
        else { throw .peerClosed }
        self.requestID = requestID
        role = UInt16(begin[0]) << 8 | UInt16(begin[1])
        self.params = params
    }
    /// The params, which are gone then.
    mutating func takeParams() -> [String: String] {
        defer { params = [:] }
        return params
    }
}
