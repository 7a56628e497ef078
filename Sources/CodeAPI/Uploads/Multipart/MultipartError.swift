/// Why a body is not a form that can be taken (RFC 7578, RFC 2046 section 5.1).
package enum MultipartError: Error, Equatable, Sendable {
    case noBoundary
    case badBoundary
    /// The body does not begin with a part. It may be no form, or one with another boundary.
    case noParts
    case preambleTooLong(limit: Int)
    case headTooLong(limit: Int)
    case badHead
    /// A part has neither a name nor a file name.
    case unnamedPart
    case tooManyParts(limit: Int)
    /// The body ends before the form does.
    case missingEnd
    /// The form goes on after its end, so that its boundary must have occurred in the content of a part.
    case boundaryInContent
}

extension MultipartError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noBoundary: "The body must be multipart/form-data with a boundary in its Content-Type."
        case .badBoundary:
            "The boundary in Content-Type must have 1 to \(MultipartBoundary.longest) visible characters."
        case .noParts: "The form has no parts, or its boundary is another one than in Content-Type."
        case .preambleTooLong(let limit): "No part of the form begins within its first \(limit) bytes."
        case .headTooLong(let limit): "The headers of a part of the form are longer than \(limit) bytes."
        case .badHead: "A part of the form has headers that cannot be read, or no Content-Disposition: form-data."
        case .unnamedPart: "A part of the form has no name."
        case .tooManyParts(let limit): "The form has more than \(limit) parts."
        case .missingEnd: "The form ends before its last boundary. It may have been cut off."
        case .boundaryInContent: "The form goes on after its end: its boundary occurs in the content of a part."
        }
    }
}
