import E2B
import LibreChat

/// What a program printed, whole as long as it is not endless.
struct Printout: Sendable {
    /// Bytes that are kept from the beginning.
    private let limit: Int
    private var head: [UInt8] = []
    /// The last of what came after the limit.
    private var tail: [UInt8] = []
    /// Bytes between the two.
    private var dropped = 0

    /// - Parameter limit: bytes.
    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { head.isEmpty }
    /// What is kept from the beginning.
    var kept: [UInt8] { head }

    mutating func append(_ text: String) { append(Array(text.utf8)[...]) }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        let room = limit - head.count
        head += bytes.prefix(room)
        tail += bytes.dropFirst(room)
        if tail.count > 2 * Self.tailLimit {
            dropped += tail.count - Self.tailLimit
            tail.removeFirst(tail.count - Self.tailLimit)
        }
    }

    /// As an answer shows it: hidden values masked, and no longer than ``shownLimit`` characters.
    ///
    /// - Parameter save: called when something is left out: puts the whole in a file of the sandbox, and returns where.
    func shown(_ hidden: HiddenValues, save: (_ whole: [UInt8]) async -> String?) async -> String {
        func clean(_ bytes: [UInt8]) -> String {
            // Bytes were cut anywhere; together again they are characters again.
            hidden.masked(in: String(decoding: bytes, as: UTF8.self).withoutTerminalEscapes)
        }
        if dropped == 0 { return await Self.excerpt(clean(head + tail)) { await save(head + tail) } }
        // Half of a hidden value may stand at either side of the gap, where nothing masks it.
        let first = clean(head).unicodeScalars.dropLast(hidden.longest)
        let last = clean(tail).unicodeScalars.dropFirst(hidden.longest)
        return await Self.cut(String(first), String(last), leavingOut: nil) { await save(head) }
    }

    /// The text if an answer may show all of it, else its beginning and its end with a line between that names the place of
    /// the whole.
    static func excerpt(_ text: String, place: () async -> String?) async -> String {
        let count = text.unicodeScalars.count
        guard count > shownLimit else { return text }
        return await cut(text, text, leavingOut: count - shownHead - shownTail, save: place)
    }

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
    static let shownLimit = 10_000
    private static let shownHead = 2000
    private static let shownTail = 6000
    private static let tailLimit = 64 << 10
}

extension ActionCall {
    func makePrintout() -> Printout { Printout(limit: configuration.fileLimit) }

    /// As the answer shows it; when it is too long for that, the whole of it goes into a file in the sandbox.
    func shown(_ printout: Printout, _ name: String, in sandbox: Sandbox) async -> String {
        await printout.shown(services.hidden) { whole in
            await storage.save(
                whole, to: "/tmp/e2bcode-\(id)-\(name).txt", in: sandbox, with: client, by: deadline.end)
        }
    }
}
