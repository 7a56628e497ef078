/// Cuts a stream into the Connect protocol's envelopes, however it arrives. Protocol.md, 4.2.
struct EnvelopeSplitter {
    struct TooLong: Error {}

    /// What comes before a payload: a byte of flags and the payload's length, the highest byte first.
    private static let headLength = 5

    struct Flags: OptionSet {
        let rawValue: UInt8
        static let compressed = Flags(rawValue: 1)
        static let end = Flags(rawValue: 2)
    }

    /// The largest number of bytes in a payload.
    let limit: Int
    private var held: [UInt8] = []
    /// Where the next envelope begins.
    private var start = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ chunk: [UInt8]) {
        if start == held.count {
            held = chunk
        } else {
            // Only the beginning of an envelope is moved, which is small.
            held.removeFirst(start)
            held.append(contentsOf: chunk)
        }
        start = 0
    }

    /// Reads the next envelope if its end has arrived.
    ///
    /// - Throws: ``TooLong`` as soon as an envelope says so, and what `read` throws.
    mutating func next<Value>(_ read: (Flags, UnsafeRawBufferPointer) throws -> Value) throws -> Value? {
        guard held.count - start >= Self.headLength else { return nil }
        let length = held[start + 1..<start + Self.headLength].reduce(0) { $0 << 8 | Int($1) }
        guard length <= limit else { throw TooLong() }
        let payload = start + Self.headLength..<start + Self.headLength + length
        guard payload.upperBound <= held.count else { return nil }
        let flags = Flags(rawValue: held[start])
        start = payload.upperBound
        return try held.withUnsafeBytes { try read(flags, UnsafeRawBufferPointer(rebasing: $0[payload])) }
    }

    /// The one envelope of a request.
    static func envelope(_ message: [UInt8]) -> [UInt8] {
        let length = UInt32(message.count)
        return [0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + message
    }
}
