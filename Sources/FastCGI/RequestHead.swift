/// Begin and params of a request, checked: what libfcgi gets to parse.
struct RequestHead {
    /// Bytes of `FCGI_PARAMS`. Twice what nginx accepts of headers by default, and one record's worth.
    static let limit = 0xffff

    let requestID: UInt16
    /// 1 responder, 2 authorizer, 3 filter.
    let role: UInt16
    private let begin: [UInt8]
    private let params: [UInt8]

    init(from reader: inout RecordReader) throws(FastCGIError) {
        _ = try reader.next()
        begin = try reader.content()
        guard let id = reader.requestID, begin.count == 8 else { throw .peerClosed }
        requestID = id
        role = UInt16(begin[0]) << 8 | UInt16(begin[1])
        var params: [UInt8] = []
        while true {
            let record = try reader.next()
            guard record.type == Record.Kind.params.rawValue else { throw .peerClosed }
            if record.contentLength == 0 { break }
            guard params.count + record.contentLength <= Self.limit else { throw .peerClosed }
            let content = try reader.content()
            if params.isEmpty { params = content } else { params += content }
        }
        guard Self.isWellFormed(params) else { throw .peerClosed }
        self.params = params
    }

    /// As few records as can be.
    var bytes: [UInt8] { bytes(params: params) }

    /// The same request without a param.
    var beginning: [UInt8] { bytes(params: []) }

    private func bytes(params: [UInt8]) -> [UInt8] {
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
