/// Values as they go into URLs, header fields and JSON: which are legal, and how they are written.
enum WireFormat {
    /// E2B's are 20 lower-case letters and digits; older ones have a second part after a dash.
    static func isSandboxID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// Printable ASCII without spaces: cannot end a header field.
    static func isToken(_ text: String) -> Bool {
        (1...4096).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Whole seconds, rounded up, as E2B counts time. At least 1: 0 and less are refused.
    static func seconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return max(1, min(Int(seconds), Int(Int32.max)) + (attoseconds > 0 ? 1 : 0))
    }

    /// For a header field, which holds at most ten digits; at least 1.
    static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let limit = 9_999_999_999
        guard seconds < limit / 1000 else { return String(limit) }
        return String(max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)))
    }

    /// A context's id, as part of a path.
    static func isContextID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
