import CCurl

/// A `curl_slist` of header lines. libcurl does not copy it, so it has to outlive the transfer that uses it.
///
/// Its lines are one after the other in memory that is used again for the next request, instead of two allocations for each
/// line: libcurl reads such a list, and does not free it.
struct CurlHeaderList: ~Copyable {
    /// Bytes that are kept for the next request. E2B's requests have some 300.
    private static let keptLimit = 4 << 10

    /// Lines, each with a NUL at its end, and where each begins.
    private var text: [UInt8] = []
    private var starts: [Int] = []
    /// What libcurl has been given.
    private var lines = UnsafeMutableBufferPointer<CChar>(start: nil, count: 0)
    private var nodes = UnsafeMutableBufferPointer<curl_slist>(start: nil, count: 0)

    deinit {
        lines.deallocate()
        nodes.deallocate()
    }

    mutating func removeAll() {
        text.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
    }

    /// Frees memory that an unusually long head has taken. The last list is not valid any more.
    mutating func shrink() {
        guard lines.count > Self.keptLimit else { return }
        (text, starts) = ([], [])
        lines.deallocate()
        lines = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    mutating func append(_ name: String, _ value: String) throws(FetchError) {
        guard Self.isToken(name), Self.isFieldValue(value) else { throw .invalidRequest }
        starts.append(text.count)
        write(name)
        // libcurl writes a field without a value for "name;", and leaves the field out for "name:".
        write(value.isEmpty ? ";" : ": ")
        write(value)
        text.append(0)
    }

    /// Prevents libcurl from adding a field by itself.
    mutating func suppress(_ name: String) {
        starts.append(text.count)
        write(name)
        write(":")
        text.append(0)
    }

    /// The list, which is valid until the next call.
    mutating func list() -> UnsafeMutablePointer<curl_slist>? {
        if lines.count < text.count {
            lines.deallocate()
            lines = .allocate(capacity: max(512, text.count))
        }
        if nodes.count < starts.count {
            nodes.deallocate()
            nodes = .allocate(capacity: max(8, starts.count))
        }
        UnsafeMutableRawBufferPointer(lines).copyBytes(from: text)
        var next: UnsafeMutablePointer<curl_slist>?
        for index in starts.indices.reversed() {
            guard let line = lines.baseAddress, let node = nodes.baseAddress else { return nil }
            node[index] = curl_slist(data: line + starts[index], next: next)
            next = node + index
        }
        return next
    }

    private mutating func write(_ string: String) {
        text.append(contentsOf: string.utf8)
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
