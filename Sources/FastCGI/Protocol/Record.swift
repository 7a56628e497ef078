/// The header of a FastCGI record (FastCGI 1.0, section 3.3), and the records that the server writes.
struct Record {
    enum Kind: UInt8 {
        case beginRequest = 1, abortRequest, endRequest, params, stdin, stdout, stderr, data, getValues, getValuesResult
        case unknownType
    }

    static let headSize = 8

    let version: UInt8
    /// A ``Kind``, or a number that the specification does not know.
    let type: UInt8
    /// The request that the record belongs to; 0 for a record about the connection.
    let requestID: UInt16
    /// The length of the content in bytes. `paddingLength` bytes follow the content.
    let contentLength: Int
    let paddingLength: Int

    /// - Parameter head: ``headSize`` bytes.
    init(head: UnsafeRawBufferPointer) {
        version = head[0]
        type = head[1]
        requestID = UInt16(head[2]) << 8 | UInt16(head[3])
        contentLength = Int(head[4]) << 8 | Int(head[5])
        paddingLength = Int(head[6])
    }

    /// - Parameter content: at most 65,535 bytes.
    static func bytes(_ kind: Kind, requestID: UInt16, _ content: [UInt8] = []) -> [UInt8] {
        head(kind, requestID: requestID, contentLength: content.count) + content
    }

    /// The header of a record whose content follows, of at most 65,535 bytes.
    static func head(_ kind: Kind, requestID: UInt16, contentLength: Int) -> [UInt8] {
        precondition(contentLength <= 0xffff)
        return [
            1, kind.rawValue, UInt8(requestID >> 8), UInt8(requestID & 0xff), UInt8(contentLength >> 8),
            UInt8(contentLength & 0xff), 0, 0,
        ]
    }

    /// The reason why a request ends without a response (section 5.5).
    enum ProtocolStatus: UInt8 { case cannotMultiplex = 1, unknownRole = 3 }

    static func endRequest(_ status: ProtocolStatus, requestID: UInt16) -> [UInt8] {
        bytes(.endRequest, requestID: requestID, [0, 0, 0, 0, status.rawValue, 0, 0, 0])
    }

    /// The answer to `FCGI_GET_VALUES` (section 4.1), which says that a connection carries one request at a time.
    static let values: [UInt8] = bytes(.getValuesResult, requestID: 0, [15, 1] + Array("FCGI_MPXS_CONNS0".utf8))
}
