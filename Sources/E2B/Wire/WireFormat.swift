/// Says which values may go into URLs, header fields and JSON, and how they are written.
enum WireFormat {
    /// Whether the text may be the id of a sandbox. E2B's are 20 lower-case letters and digits; older ones have a second part
    /// after a dash.
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

    /// Whether the text is printable ASCII without spaces, which cannot end a header field.
    static func isToken(_ text: String) -> Bool {
        (1...4096).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// A duration in whole seconds, rounded up, as E2B counts time. It is at least 1, because E2B refuses 0 and less.
    static func seconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return max(1, min(Int(seconds), Int(Int32.max)) + (attoseconds > 0 ? 1 : 0))
    }

    /// A duration in milliseconds for a header field, which holds at most ten digits. It is at least 1.
    static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let limit = 9_999_999_999
        guard seconds < limit / 1000 else { return String(limit) }
        return String(max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)))
    }

    /// Whether the text may be the id of a context, which becomes a part of a path.
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
