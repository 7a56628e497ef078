internal import JSON

/// Cuts over-long strings out of lines of JSON while they arrive, so that a line is never there whole because of one of them.
///
/// Of a text the beginning and the end stay, with a note between them; of an image in base64 the beginning, which is more than
/// anybody takes. All else passes as it is, malformed JSON, too: who reads it complains.
struct StringTrimmer {
    /// Bytes of a string as they are sent, between its quotes.
    struct Limits: Sendable {
        /// Of a text. At least that much of it stays whole.
        let text: Int
        /// Of an image.
        let image: Int
    }

    /// What an object's member is.
    private enum Member {
        case text, image
        /// An object of formats by MIME type.
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
    /// Open brackets and braces.
    private var containers: [UInt8] = []
    private var isKeyNext = false
    /// Of the outermost object, and of one in it.
    private var member = Member.text
    private var innerMember = Member.text

    private var isInString = false
    private var isKey = false
    private var isImage = false
    private var key: [UInt8] = []
    /// Bytes that still belong to an escape; an `u` makes it five.
    private var escapeLeft = 0
    /// Of the string: what stays of its beginning, and how much has come.
    private var headLimit = 0
    private var count = 0
    /// Since the beginning is full: what came last, in two parts that begin where no escape is cut, and what came before them.
    private var isTrimming = false
    private var isClosingQuoteNext = false
    private var older: [UInt8] = []
    private var newer: [UInt8] = []
    private var dropped = 0

    init(_ limits: Limits) { self.limits = limits }

    /// Bytes that are held back.
    var heldCount: Int { older.count + newer.count }

    /// What is left of the next piece of the stream.
    mutating func trim(_ chunk: [UInt8]) -> [UInt8] {
        // Nearly always all of it.
        var trimmed: [UInt8]?
        /// Of the chunk, what has been put into `trimmed` or has been held back.
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

    /// Goes on in a string: up to its end, its limit or the end of the bytes, or past one escape.
    private mutating func takeText(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        if escapeLeft > 0 {
            escapeLeft += escapeLeft == 1 && bytes[start] == UInt8(ascii: "u") ? 3 : -1
            count += 1
            return start + 1
        }
        var end = bytes.endOfPlainText(from: start)
        // In steps that do not depend on how the stream was cut.
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
            // Its quote comes after what is held back.
            isClosingQuoteNext = isTrimming
            return isTrimming ? start : start + 1
        default:
            // A control character cannot be in a string: the line is malformed, and the next one another matter.
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
            // The one that ends a string which was trimmed comes here, too.
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
        // Deeper ones are malformed to ``JSONScanner``.
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
