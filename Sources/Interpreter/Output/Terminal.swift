/// Interprets output as a terminal does, and keeps the text that a user would see at the end. Colours, titles and links
/// are left out, and so is text that was overwritten or erased (ECMA-48, and xterm's control sequences).
///
/// The output may be cut anywhere. Text without editing passes through in runs; edited text is held as the last lines
/// of a screen.
struct Terminal: Sendable {
    private enum State {
        case ground
        /// The states after ESC, and after ESC with an intermediate byte.
        case escape, intermediate
        /// The state after CSI.
        case control
        /// The states within a title, a link and similar sequences: before ESC, after ESC, and after a byte that may
        /// begin the end.
        case string, stringEscape, stringEnd
    }

    private var state = State.ground
    private var parameters: [UInt8] = []
    /// The end of the last piece if its meaning depends on the next piece: a carriage return, or a part of a character.
    private var held: [UInt8] = []
    /// The screen; nil if nothing was edited recently.
    private var screen: TerminalScreen?
    private let secrets: SecretRedactor

    init(without secrets: SecretRedactor = .none) { self.secrets = secrets }

    /// - Parameter ends: gets the text that has left the screen.
    mutating func read(_ bytes: UnsafeRawBufferPointer, into ends: inout TextEnds) {
        guard !held.isEmpty else { return readWhole(bytes, into: &ends) }
        let whole = held + bytes
        held = []
        whole.withUnsafeBytes { readWhole($0, into: &ends) }
    }

    /// Appends the held text to `ends`. Later output could still have edited it.
    mutating func finish(into ends: inout TextEnds) {
        flushScreen(into: &ends)
        if held != [UInt8(ascii: "\r")] { held.withUnsafeBytes { ends.append($0) } }
        held = []
    }

    /// Whether the terminal holds text that is not in `ends` yet.
    var isEmpty: Bool { screen == nil && held.isEmpty }

    private mutating func readWhole(_ bytes: UnsafeRawBufferPointer, into ends: inout TextEnds) {
        // The screen is given up after a long text without editing.
        if screen != nil, state == .ground, bytes.count >= Self.longPiece, bytes.endOfText(from: 0) == bytes.count {
            flushScreen(into: &ends)
        }
        var at = 0
        while at < bytes.count {
            if state == .ground {
                let end = bytes.endOfText(from: at)
                let whole = end < bytes.count ? end : bytes.endOfWholeCharacters(from: at)
                if whole > at { write(UnsafeRawBufferPointer(rebasing: bytes[at..<whole]), into: &ends) }
                if end == bytes.count {
                    held += bytes[whole...]
                    return
                }
                at = readControl(bytes, at: end, into: &ends)
            } else if readSequence(bytes[at], into: &ends) {
                at += 1
            }
        }
    }

    private static let longPiece = 4096

    private mutating func write(_ text: UnsafeRawBufferPointer, into ends: inout TextEnds) {
        guard screen != nil else { return ends.append(text) }
        screen?.write(text) { row in row.withUnsafeBytes { ends.append($0) } }
    }

    /// Interprets the control character at `place`, outside a sequence.
    ///
    /// - Returns: the place after it.
    private mutating func readControl(
        _ bytes: UnsafeRawBufferPointer, at place: Int, into ends: inout TextEnds
    ) -> Int {
        switch bytes[place] {
        case UInt8(ascii: "\r"):
            guard place + 1 < bytes.count else {
                held = [UInt8(ascii: "\r")]
                return place + 1
            }
            if bytes[place + 1] != UInt8(ascii: "\n") { edit(&ends) { $0.carriageReturn() } }
        case 0x08: edit(&ends) { $0.move(rows: 0, columns: -1) }
        case 0x1b: state = .escape
        case 0x9b: beginControl()
        case 0xc2:
            readC1(bytes[place + 1], into: &ends)
            return place + 2
        default: break
        }
        return place + 1
    }

    /// Interprets an 8-bit control character, which is the byte C2 and another byte in UTF-8.
    private mutating func readC1(_ byte: UInt8, into ends: inout TextEnds) {
        switch byte {
        case 0x85: [UInt8(ascii: "\n")].withUnsafeBytes { write($0, into: &ends) }
        case 0x8d: edit(&ends) { $0.move(rows: -1, columns: 0) }
        case 0x90, 0x98, 0x9d, 0x9e, 0x9f: state = .string
        case 0x9b: beginControl()
        default: break
        }
    }

    private mutating func beginControl() {
        state = .control
        parameters = []
    }

    /// Reads one byte of a control sequence.
    ///
    /// - Returns: false if the byte does not belong to the sequence, which has then ended.
    private mutating func readSequence(_ byte: UInt8, into ends: inout TextEnds) -> Bool {
        switch state {
        case .ground: return false
        case .escape: return readEscape(byte, into: &ends)
        case .intermediate:
            if (0x20...0x2f).contains(byte) { return true }
            state = .ground
            return (0x30...0x7e).contains(byte)
        case .control:
            if (0x20...0x3f).contains(byte) {
                if parameters.count < Self.parameterLimit { parameters.append(byte) }
                return true
            }
            state = .ground
            guard (0x40...0x7e).contains(byte) else { return false }
            perform(byte, into: &ends)
            return true
        case .string:
            switch byte {
            case 0x07: state = .ground
            case 0x1b: state = .stringEscape
            case 0xc2: state = .stringEnd
            // A sequence without an end is dropped up to the end of its line.
            case UInt8(ascii: "\n"):
                state = .ground
                return false
            default: break
            }
            return true
        case .stringEscape:
            state = byte == UInt8(ascii: "\\") ? .ground : .string
            return byte == UInt8(ascii: "\\")
        case .stringEnd:
            state = byte == 0x9c ? .ground : .string
            return byte == 0x9c
        }
    }

    private static let parameterLimit = 32

    private mutating func readEscape(_ byte: UInt8, into ends: inout TextEnds) -> Bool {
        state = .ground
        switch byte {
        case UInt8(ascii: "["): beginControl()
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            state = .string
        case UInt8(ascii: "7"): edit(&ends) { $0.saveCursor() }
        case UInt8(ascii: "8"): edit(&ends) { $0.restoreCursor() }
        case UInt8(ascii: "D"): edit(&ends) { $0.move(rows: 1, columns: 0) }
        case UInt8(ascii: "M"): edit(&ends) { $0.move(rows: -1, columns: 0) }
        case UInt8(ascii: "E"): [UInt8(ascii: "\n")].withUnsafeBytes { write($0, into: &ends) }
        case UInt8(ascii: "c"): edit(&ends) { $0.eraseInScreen(2) }
        case 0x20...0x2f: state = .intermediate
        case 0x30...0x7e: break
        // A control character or a byte outside ASCII cannot be a part of an escape sequence.
        default: return false
        }
        return true
    }

    /// Executes a control sequence by its final byte. Sequences that only set colours, ask for a report or switch modes
    /// have no effect.
    private mutating func perform(_ final: UInt8, into ends: inout TextEnds) {
        // Sequences with a private marker switch modes.
        guard parameters.first.map({ $0 < UInt8(ascii: "<") }) ?? true else { return }
        let numbers = self.numbers
        let first = numbers.first ?? 0
        let count = max(first, 1)
        switch final {
        case UInt8(ascii: "A"): edit(&ends) { $0.move(rows: -count, columns: 0) }
        case UInt8(ascii: "B"), UInt8(ascii: "e"): edit(&ends) { $0.move(rows: count, columns: 0) }
        case UInt8(ascii: "C"), UInt8(ascii: "a"): edit(&ends) { $0.move(rows: 0, columns: count) }
        case UInt8(ascii: "D"): edit(&ends) { $0.move(rows: 0, columns: -count) }
        case UInt8(ascii: "E"): edit(&ends) { $0.move(rows: count, columns: -Self.numberLimit) }
        case UInt8(ascii: "F"): edit(&ends) { $0.move(rows: -count, columns: -Self.numberLimit) }
        case UInt8(ascii: "G"), UInt8(ascii: "`"): edit(&ends) { $0.move(toRow: nil, column: count - 1) }
        case UInt8(ascii: "d"): edit(&ends) { $0.move(toRow: count - 1, column: nil) }
        case UInt8(ascii: "H"), UInt8(ascii: "f"):
            let column = max(numbers.dropFirst().first ?? 1, 1)
            edit(&ends) { $0.move(toRow: count - 1, column: column - 1) }
        case UInt8(ascii: "J"):
            edit(&ends) { $0.eraseInScreen(first) }
            if first == 3 { ends.removeAll() }
        case UInt8(ascii: "K"): edit(&ends) { $0.eraseInLine(first) }
        case UInt8(ascii: "L"): edit(&ends) { $0.insertLines(count) }
        case UInt8(ascii: "M"): edit(&ends) { $0.deleteLines(count) }
        case UInt8(ascii: "P"): edit(&ends) { $0.deleteCharacters(count) }
        case UInt8(ascii: "X"): edit(&ends) { $0.eraseCharacters(count) }
        case UInt8(ascii: "@"): edit(&ends) { $0.insertBlanks(count) }
        case UInt8(ascii: "s"): edit(&ends) { $0.saveCursor() }
        case UInt8(ascii: "u"): edit(&ends) { $0.restoreCursor() }
        default: break
        }
    }

    private static let numberLimit = 10_000

    private var numbers: [Int] {
        parameters.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { digits in
            digits.reduce(0) { number, digit in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit)
                    ? min(number * 10 + Int(digit - UInt8(ascii: "0")), Self.numberLimit) : number
            }
        }
    }

    private mutating func edit(_ ends: inout TextEnds, _ work: (inout TerminalScreen) -> Void) {
        var screen = self.screen.take() ?? reopened(&ends)
        work(&screen)
        self.screen = screen
    }

    /// Takes the last lines back to the screen. They had left it only because nothing edited them.
    private func reopened(_ ends: inout TextEnds) -> TerminalScreen {
        var screen = TerminalScreen(without: secrets)
        let last = ends.removeLast(lines: TerminalScreen.height, bytes: Self.reopenedLimit)
        last.withUnsafeBytes { screen.write($0) { row in row.withUnsafeBytes { ends.append($0) } } }
        return screen
    }

    private static let reopenedLimit = 16 << 10

    private mutating func flushScreen(into ends: inout TextEnds) {
        guard let screen = screen.take() else { return }
        screen.text.withUnsafeBytes { ends.append($0) }
    }
}

extension UnsafeRawBufferPointer {
    /// Returns the first place from `start` on with a control character other than tab, line feed, vertical tab and
    /// form feed; the count of the bytes if there is none.
    fileprivate func endOfText(from start: Int) -> Int {
        var at = start
        while at < count {
            let byte = self[at]
            if byte < 0x20 {
                if !(0x09...0x0c).contains(byte) { return at }
            } else if byte >= 0x7f {
                switch byte {
                case 0x7f: return at
                case 0xc2 where at + 1 < count && (0x80...0x9f).contains(self[at + 1]): return at
                // A byte that cannot begin a character may be an 8-bit CSI of output that is not UTF-8.
                case 0x9b where at == start || self[at - 1] < 0x80: return at
                default: break
                }
            }
            at += 1
        }
        return at
    }

    /// The number of bytes without an incomplete character at their end.
    fileprivate func endOfWholeCharacters(from start: Int) -> Int {
        var at = count
        for length in 1...3 where count - length >= start {
            let byte = self[count - length]
            guard byte & 0xc0 == 0x80 else {
                if byte >= 0xf0 ? length < 4 : byte >= 0xe0 ? length < 3 : byte >= 0xc0 && length < 2 { at -= length }
                break
            }
        }
        return at
    }
}
