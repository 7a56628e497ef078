import FastCGI

/// The id by which the logs of the web server and of the responder name the same request.
enum TraceID {
    /// The params in which web servers put an id of theirs: nginx by the snippet, and Apache's mod_unique_id. A client cannot
    /// set them, as it could a header.
    private static let params = ["REQUEST_ID", "UNIQUE_ID"]
    private static let longest = 64

    /// The web server's id; nil if there is none, or one that may not be in a log and a header.
    static func given(by request: FastCGIRequest) -> String? {
        for param in params {
            if let id = request.params[param], (8...longest).contains(id.utf8.count), id.utf8.allSatisfy(isSafe) {
                return id
            }
        }
        return nil
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "@"):
            true
        default: false
        }
    }

    /// Makes an id of 16 hexadecimal digits.
    static func random() -> String { UInt64.random(in: .min ... .max).hexadecimal }
}
