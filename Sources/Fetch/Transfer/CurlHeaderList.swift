import CCurl

/// A `curl_slist` of header lines. libcurl does not copy it, so it has to outlive the transfer that uses it.
struct CurlHeaderList: ~Copyable {
    private(set) var raw: UnsafeMutablePointer<curl_slist>?

    deinit { curl_slist_free_all(raw) }

    mutating func append(_ name: String, _ value: String) throws(FetchError) {
        guard Self.isToken(name), Self.isFieldValue(value) else { throw .invalidRequest }
        // libcurl writes a field without a value for "name;", and leaves the field out for "name:".
        try append(line: value.isEmpty ? name + ";" : name + ": " + value)
    }

    /// Prevents libcurl from adding a field by itself.
    mutating func suppress(_ name: String) throws(FetchError) {
        try append(line: name + ":")
    }

    private mutating func append(line: String) throws(FetchError) {
        guard let grown = curl_slist_append(raw, line) else { throw .outOfMemory }
        raw = grown
    }

    /// Whether the text is a token. RFC 9110, 5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.hasOnly { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: "!#$%&'*+.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Whether the text is a valid field value, without line ends and other control characters that could begin another
    /// field. RFC 9110, 5.5.
    static func isFieldValue(_ text: String) -> Bool {
        text.hasOnly { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
    }
}

extension String {
    /// Like `utf8.allSatisfy`, but on contiguous memory, for which the compiler makes a plain loop.
    func hasOnly(_ isRight: (UInt8) -> Bool) -> Bool {
        utf8.withContiguousStorageIfAvailable { $0.allSatisfy(isRight) } ?? utf8.allSatisfy(isRight)
    }
}
