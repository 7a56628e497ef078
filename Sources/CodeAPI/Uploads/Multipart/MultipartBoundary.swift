/// The boundary of a form, as `Content-Type` gives it.
package struct MultipartBoundary: Equatable, Sendable {
    /// The largest number of bytes. RFC 2046 allows 70, and some programs take more.
    static let longest = 200

    /// What stands before each part and at the end: a line break, two hyphens, and the boundary.
    let delimiter: [UInt8]

    /// - Parameter contentType: such as `multipart/form-data; boundary=x`. nil if the request has none.
    package init(contentType: String?) throws(MultipartError) {
        let parameters = HeaderParameters(Array((contentType ?? "").utf8))
        guard parameters.value.lowercased() == "multipart/form-data", let boundary = parameters["boundary"] else {
            throw .noBoundary
        }
        guard (1...Self.longest).contains(boundary.count), boundary.allSatisfy({ (0x20...0x7e).contains($0) }),
            boundary.last != UInt8(ascii: " ")
        else { throw .badBoundary }
        delimiter = Array("\r\n--".utf8) + boundary
    }
}
