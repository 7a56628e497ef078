internal import JSON

/// Shortens long strings in lines of JSON while they arrive, so that no line with such a string is ever whole in memory.
///
/// Of a text it keeps the beginning and the end, with a note between them. Of an image in base64 it keeps the beginning, which is
/// more than any caller accepts. It changes nothing else: malformed JSON is left to the reader of the lines.
struct StringTrimmer {
    /// The largest number of bytes of a string, as sent, between its quotes.
    struct Limits: Sendable {
        /// The limit of a text. A text up to this length stays whole.
        let text: Int
        /// The limit of an image.
        let image: Int
    }

    /// The kind of an object's member.
    private enum Member {
        case text, image
        /// An object whose members are formats by MIME type.
        case extra

        init(_ key: [UInt8], depth: Int) {
            switch (depth, String(decoding: key, as: UTF8.self)) {
            case (1, "png"), (1, "jpeg"), (1, "svg"), (1, "pdf"), (2, "image/gif"), (2, "image/webp"): self = .image
            case (1, "extra"): self = .extra
            default: self = .text
            }
        }
    }

    private let limits: Limits
    /// The brackets and braces that are open.
    private var containers: [UInt8] = []
    private var isKeyNext = false
    /// The current member of the outermost object, and of an object in it.
    private var member = Member.text
    private var innerMember = Member.text

    private var isInString = false
    private var isKey = false
    private var isImage = false
    private var key: [UInt8] = []
    /// The number of bytes that still belong to an escape. After `u` four more follow.
    private var escapeLeft = 0
    /// How many bytes of the string's beginning are kept, and how many bytes of it have come.
    private var headLimit = 0
    private var count = 0
    /// After the beginning is full: the last bytes, in two parts neither of which begins within an escape, and the number of bytes
    /// that were dropped before them.
    private var isTrimming = false
    private var isClosingQuoteNext = false
    private var older: [UInt8] = []
    private var newer: [UInt8] = []
    private var dropped = 0

    init(_ limits: Limits) { self.limits = limits }

    /// The number of bytes that are held back.
    var heldCount: Int { older.count + newer.count }

    /// Returns what is left of the next piece of the stream.
    mutating func trim(_ chunk: [UInt8]) -> [UInt8] {
        // Nearly always nothing is cut, and the chunk is returned as it is.
        var trimmed: [UInt8]?
        /// How many bytes of the chunk have been put into `trimmed` or held back.
        var taken = 0
        chunk.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                guard isInString else {
                    takeToken(bytes[position])
                    position += 1
                    continue
                }
                if !isTrimming, escapeLeft == 0, count >= headLimit {
                    isTrimming = true
                    trimmed = (trimmed ?? []) + chunk[taken..<position]
                    taken = position
                }
                position = takeText(bytes, from: position)
                guard isTrimming else { continue }
                hold(bytes[taken..<position])
                taken = position
                if !isInString { trimmed = (trimmed ?? []) + takeHeld() }
            }
        }
        guard trimmed != nil || isTrimming else { return chunk }
        return (trimmed ?? []) + chunk[taken...]
    }

    // MARK: - Strings

    /// Reads on in a string: to its end, its limit or the end of the bytes, or past one escape. Returns where it has stopped.
    private mutating func takeText(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        if escapeLeft > 0 {
            escapeLeft += escapeLeft == 1 && bytes[start] == UInt8(ascii: "u") ? 3 : -1
            count += 1
            return start + 1
        }
        var end = bytes.endOfPlainText(from: start)
        // The steps do not depend on how the stream was cut into chunks.
        end = min(end, start + (isTrimming ? max(1, limits.text / 2 - newer.count) : headLimit - count))
        if end > start {
            if isKey, key.count < 16 { key += bytes[start..<min(end, start + 16)] }
            count += end - start
            return end
        }
        switch bytes[start] {
        case UInt8(ascii: "\\"):
            escapeLeft = 1
            count += 1
            return start + 1
        case UInt8(ascii: "\""):
            endString()
            // The quote follows what is held back.
            isClosingQuoteNext = isTrimming
            return isTrimming ? start : start + 1
        default:
            // A string cannot contain a control character, so the line is malformed. The next line begins afresh.
            resetLine()
            return start + 1
        }
    }

    private mutating func beginString() {
        isInString = true
        isKey = isKeyNext
        isKeyNext = false
        key = []
        count = 0
        isImage = !isKey && (containers.count == 1 ? member == .image : containers.count == 2 && innerMember == .image)
        headLimit = isImage ? limits.image : limits.text / 2
    }

    private mutating func endString() {
        isInString = false
        guard isKey, containers.count <= 2 else { return }
        if containers.count == 1 {
            member = Member(key, depth: 1)
        } else {
            innerMember = member == .extra ? Member(key, depth: 2) : .text
        }
    }

    // MARK: - What is held back

    private mutating func hold(_ bytes: Slice<UnsafeRawBufferPointer>) {
        guard !isImage else { return }
        newer += bytes
        guard newer.count >= limits.text / 2, escapeLeft == 0 else { return }
        dropped += older.count
        older = newer
        newer = []
    }

    private mutating func takeHeld() -> [UInt8] {
        let note = "\\n[… \(dropped) bytes left out while they came …]\\n"
        let held = (dropped > 0 ? Array(note.utf8) : []) + older + newer
        (older, newer, dropped, isTrimming) = ([], [], 0, false)
        return held
    }

    // MARK: - Structure

    private mutating func takeToken(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""):
            // This may also be the quote that ends a trimmed string.
            if isClosingQuoteNext { isClosingQuoteNext = false } else { beginString() }
        case UInt8(ascii: "{"):
            open(byte)
            isKeyNext = true
        case UInt8(ascii: "["): open(byte)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            _ = containers.popLast()
            isKeyNext = false
        case UInt8(ascii: ","): isKeyNext = containers.last == UInt8(ascii: "{")
        case UInt8(ascii: "\n"): resetLine()
        default: break
        }
    }

    private mutating func open(_ bracket: UInt8) {
        isKeyNext = false
        // ``JSONScanner`` refuses deeper nesting.
        if containers.count <= JSONScanner.depthLimit { containers.append(bracket) }
    }

    private mutating func resetLine() {
        isInString = false
        isClosingQuoteNext = false
        containers = []
        isKeyNext = false
        (member, innerMember) = (.text, .text)
        escapeLeft = 0
    }
}
