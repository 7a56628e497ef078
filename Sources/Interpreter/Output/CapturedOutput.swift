package import Redaction

/// What a program printed, whole as long as it is not endless.
package struct CapturedOutput: Sendable {
    /// Bytes that are kept from the beginning.
    private let limit: Int
    private var head: [UInt8] = []
    /// The last of what came after the limit.
    private var tail: [UInt8] = []
    /// Bytes between the two.
    private var dropped = 0

    /// - Parameter limit: bytes.
    package init(limit: Int) { self.limit = limit }

    /// All of it.
    package init(_ bytes: [UInt8]) {
        limit = bytes.count
        head = bytes
    }

    package var isEmpty: Bool { head.isEmpty }
    /// Bytes that are kept, where they are many.
    package var heldCount: Int { head.count < Self.smallCount ? 0 : head.capacity + tail.capacity }
    /// What is kept from the beginning.
    package var kept: [UInt8] { head }

    package mutating func append(_ text: String) { append(Array(text.utf8)[...]) }

    package mutating func append(_ bytes: ArraySlice<UInt8>) {
        let room = limit - head.count
        head += bytes.prefix(room)
        tail += bytes.dropFirst(room)
        if tail.count > 2 * Self.tailLimit {
            dropped += tail.count - Self.tailLimit
            tail.removeFirst(tail.count - Self.tailLimit)
        }
    }

    /// As an answer shows it: hidden values masked, and no longer than ``shownLimit`` characters. Of what is far longer only
    /// what is shown is looked at.
    ///
    /// - Parameters:
    ///   - keepsEscapes: whether terminal escapes stay, as in a file.
    ///   - save: called when something is left out: puts the whole in a file of the sandbox, and returns where.
    package func shown(
        _ hidden: SecretRedactor, keepsEscapes: Bool = false, save: (_ whole: [UInt8]) async -> String?
    ) async -> String {
        func clean(_ bytes: [UInt8]) -> String {
            // Bytes were cut anywhere; together again they are characters again.
            let text = String(decoding: bytes, as: UTF8.self)
            return hidden.masked(in: keepsEscapes ? text : text.withoutTerminalEscapes)
        }
        if dropped == 0, head.count + tail.count <= 2 * Self.tailLimit {
            let text = clean(head + tail)
            let count = text.unicodeScalars.count
            guard count > Self.shownLimit else { return text }
            let leftOut = count - Self.shownHead - Self.shownTail
            return await Self.cut(text, text, leavingOut: leftOut) { await save(head + tail) }
        }
        // Half of a hidden value may stand at either side of the gap, where nothing masks it.
        let first = clean(beginning).unicodeScalars.dropLast(hidden.longest)
        let last = clean(end).unicodeScalars.dropFirst(hidden.longest)
        let leftOut =
            dropped > 0 ? nil : Self.scalars(in: head) + Self.scalars(in: tail) - Self.shownHead - Self.shownTail
        return await Self.cut(String(first), String(last), leavingOut: leftOut) {
            await save(dropped > 0 ? head : head + tail)
        }
    }

    /// The first of what there is, without a gap.
    private var beginning: [UInt8] {
        guard dropped == 0, head.count < Self.tailLimit else { return Array(head.prefix(Self.tailLimit)) }
        return head + tail.prefix(Self.tailLimit - head.count)
    }

    /// The last of it.
    private var end: [UInt8] {
        guard dropped == 0, tail.count < Self.tailLimit else { return tail.suffix(Self.tailLimit) }
        return head.suffix(Self.tailLimit - tail.count) + tail
    }

    private static func scalars(in bytes: [UInt8]) -> Int { bytes.count { $0 & 0xc0 != 0x80 } }

    private static func cut(
        _ first: String, _ last: String, leavingOut count: Int?, save: () async -> String?
    ) async -> String {
        let amount = count.map { "\($0) characters" } ?? "more characters than are kept"
        let place = await save().map { "; the \(count == nil ? "beginning" : "whole") is in \($0)" } ?? ""
        return String(Substring(first.unicodeScalars.prefix(shownHead)))
            + "\n[… \(amount) left out here\(place) …]\n"
            + String(Substring(last.unicodeScalars.suffix(shownTail)))
    }

    /// Characters of a text in an answer, and what is shown of a longer one.
    package static let shownLimit = 10_000
    private static let shownHead = 2000
    private static let shownTail = 6000
    /// Bytes that are looked at for either end of what is shown.
    private static let tailLimit = 64 << 10
    /// Bytes that need no thought.
    private static let smallCount = 1 << 20
}
