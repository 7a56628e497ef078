/// The screen of a terminal: the last rows of the output, which a program can write again, and the cursor.
///
/// Every operation takes at most as long as one row, or all rows, have cells. These are few, so no output is slow to
/// read.
struct TerminalScreen: Sendable {
    private struct Row: Sendable {
        /// The Unicode scalars, one for each column.
        var cells: [UInt32] = []
        /// The scalars without a width of their own, by the column in which they stand.
        var marks: [Int: [UInt32]] = [:]
        /// Whether the next row continues this line, which was too long for one row.
        var isContinued = false
    }

    /// A cell to which nothing was written.
    private static let blank: UInt32 = 0
    /// The right half of a character that takes two columns.
    private static let half: UInt32 = 1

    /// The number of rows that can be written again. Rows above them have left the screen.
    static let height = 50
    /// The number of columns. A longer line continues in the next row.
    private static let width = 512
    private static let markLimit = 8

    private var rows = [Row()]
    private var row = 0
    private var column = 0
    private var saved = (row: 0, column: 0)
    /// The columns that were written since the last call of ``mask``.
    private var writtenCount = 0
    private let secrets: SecretRedactor

    /// - Parameter secrets: the values that must not be overwritten in part, because nobody would find the rest.
    init(without secrets: SecretRedactor) { self.secrets = secrets }

    // MARK: - Writing

    /// Writes characters, and begins a new row at each line feed.
    ///
    /// - Parameter scrolled: takes each row that leaves the screen.
    mutating func write(_ bytes: UnsafeRawBufferPointer, scrolled: (_ row: [UInt8]) -> Void) {
        var rest = bytes[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: "\n") {
                newLine(scrolled)
                rest.removeFirst()
            } else if byte == UInt8(ascii: "\t") {
                let stop = min((column / 8 + 1) * 8, Self.width - 1)
                // A tab moves the cursor, and stays a character in the text.
                put(UInt32(byte), 1, scrolled)
                column = max(column, min(stop, Self.width))
                rest.removeFirst()
            } else if byte < 0x80 {
                put(UInt32(byte), 1, scrolled)
                rest.removeFirst()
            } else {
                let (scalar, length) = rest.scalar
                switch scalar.columns {
                case 0: mark(scalar.value)
                case let columns: put(scalar.value, columns, scrolled)
                }
                rest.removeFirst(length)
            }
        }
    }

    private mutating func newLine(_ scrolled: (_ row: [UInt8]) -> Void) {
        column = 0
        row += 1
        if row == rows.count { append(scrolled) }
    }

    private mutating func append(_ scrolled: (_ row: [UInt8]) -> Void) {
        rows.append(Row())
        writtenCount = 0
        guard rows.count > Self.height else { return }
        let first = rows.removeFirst()
        row -= 1
        scrolled(Self.text(of: first, isLast: false))
    }

    private mutating func put(_ scalar: UInt32, _ columns: Int, _ scrolled: (_ row: [UInt8]) -> Void) {
        if column + columns > Self.width {
            rows[row].isContinued = true
            newLine(scrolled)
        }
        widen(to: column + columns)
        clearHalves(at: column)
        if columns == 2 { clearHalves(at: column + 1) }
        rows[row].cells[column] = scalar
        if columns == 2 { rows[row].cells[column + 1] = Self.half }
        if !rows[row].marks.isEmpty { rows[row].marks[column] = nil }
        column += columns
        writtenCount += columns
    }

    /// A wide character disappears when half of it is overwritten.
    private mutating func clearHalves(at column: Int) {
        let cells = rows[row].cells
        if cells[column] == Self.half, column > 0 { rows[row].cells[column - 1] = Self.blank }
        if column + 1 < cells.count, cells[column + 1] == Self.half { rows[row].cells[column + 1] = Self.blank }
    }

    private mutating func mark(_ scalar: UInt32) {
        guard column > 0, column <= rows[row].cells.count else { return }
        var place = column - 1
        if rows[row].cells[place] == Self.half, place > 0 { place -= 1 }
        guard rows[row].marks[place, default: []].count < Self.markLimit else { return }
        rows[row].marks[place, default: []].append(scalar)
    }

    private mutating func widen(to count: Int) {
        let missing = count - rows[row].cells.count
        if missing > 0 { rows[row].cells.append(contentsOf: repeatElement(Self.blank, count: missing)) }
    }

    // MARK: - The cursor

    mutating func carriageReturn() {
        mask()
        column = 0
    }

    /// Moves the cursor to a place relative to its own.
    mutating func move(rows rowOffset: Int, columns columnOffset: Int) {
        mask()
        moveTo(row: row + rowOffset, column: column + columnOffset)
    }

    /// Moves the cursor to a place of the screen; nil keeps its row or column.
    mutating func move(toRow newRow: Int?, column newColumn: Int?) {
        mask()
        moveTo(row: newRow ?? row, column: newColumn ?? column)
    }

    private mutating func moveTo(row newRow: Int, column newColumn: Int) {
        row = min(max(newRow, 0), Self.height - 1)
        column = min(max(newColumn, 0), Self.width - 1)
        while rows.count <= row { rows.append(Row()) }
    }

    mutating func saveCursor() { saved = (row, column) }
    mutating func restoreCursor() { move(toRow: saved.row, column: saved.column) }

    // MARK: - Erasing

    /// Erases a part of the cursor's row: 0 from the cursor on, 1 up to the cursor, 2 all of it (ECMA-48, EL).
    mutating func eraseInLine(_ part: Int) {
        mask()
        switch part {
        case 0: cut(to: column)
        case 1:
            let end = min(column + 1, rows[row].cells.count)
            rows[row].cells.replaceSubrange(..<end, with: repeatElement(Self.blank, count: end))
            rows[row].marks = rows[row].marks.filter { $0.key >= end }
        case 2: rows[row] = Row()
        default: break
        }
    }

    /// Erases a part of the screen, with the same numbers (ECMA-48, ED).
    mutating func eraseInScreen(_ part: Int) {
        switch part {
        case 0:
            eraseInLine(0)
            rows.removeLast(rows.count - row - 1)
        case 1:
            eraseInLine(1)
            for above in 0..<row { rows[above] = Row() }
        case 2: self = TerminalScreen(without: secrets)
        default: break
        }
    }

    private mutating func cut(to count: Int) {
        guard count < rows[row].cells.count else { return }
        rows[row].cells.removeLast(rows[row].cells.count - count)
        if !rows[row].marks.isEmpty { rows[row].marks = rows[row].marks.filter { $0.key < count } }
        rows[row].isContinued = false
    }

    mutating func eraseCharacters(_ count: Int) {
        mask()
        let end = min(column + count, rows[row].cells.count)
        guard column < end else { return }
        rows[row].cells.replaceSubrange(column..<end, with: repeatElement(Self.blank, count: end - column))
    }

    mutating func deleteCharacters(_ count: Int) {
        mask()
        let end = min(column + count, rows[row].cells.count)
        guard column < end else { return }
        rows[row].cells.removeSubrange(column..<end)
        rows[row].marks = [:]
    }

    mutating func insertBlanks(_ count: Int) {
        mask()
        guard column < rows[row].cells.count else { return }
        rows[row].cells.insert(
            contentsOf: repeatElement(Self.blank, count: min(count, Self.width - column)), at: column)
        if rows[row].cells.count > Self.width { rows[row].cells.removeLast(rows[row].cells.count - Self.width) }
        rows[row].marks = [:]
    }

    mutating func deleteLines(_ count: Int) {
        rows.removeSubrange(row..<min(row + count, rows.count))
        while rows.count <= row { rows.append(Row()) }
        column = 0
    }

    mutating func insertLines(_ count: Int) {
        let room = Self.height - row
        rows.insert(contentsOf: repeatElement(Row(), count: min(count, room)), at: row)
        if rows.count > Self.height { rows.removeLast(rows.count - Self.height) }
        column = 0
    }

    // MARK: - What it shows

    /// Returns the rows as lines of text.
    var text: [UInt8] {
        var text: [UInt8] = []
        for (index, row) in rows.enumerated() { text += Self.text(of: row, isLast: index == rows.count - 1) }
        return text
    }

    private static func text(of row: Row, isLast: Bool) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(row.cells.count + 1)
        let end = row.cells.lastIndex { $0 != blank }.map { $0 + 1 } ?? 0
        for (column, cell) in row.cells[..<end].enumerated() {
            switch cell {
            case half: continue
            case blank: text.append(UInt8(ascii: " "))
            case let cell where cell < 0x80: text.append(UInt8(truncatingIfNeeded: cell))
            case let cell: text.append(scalar: cell)
            }
            if !row.marks.isEmpty { for mark in row.marks[column] ?? [] { text.append(scalar: mark) } }
        }
        if !isLast, !row.isContinued { text.append(UInt8(ascii: "\n")) }
        return text
    }

    /// Masks a secret in the cursor's row before a part of it may be overwritten.
    private mutating func mask() {
        guard secrets.longest > 0, writtenCount >= 4 else { return }
        writtenCount = 0
        let text = String(decoding: Self.text(of: rows[row], isLast: true), as: UTF8.self)
        let masked = secrets.redacted(text)
        guard masked != text else { return }
        rows[row].marks = [:]
        rows[row].cells = masked.unicodeScalars.prefix(Self.width).map(\.value)
        column = min(column, Self.width - 1)
    }
}

extension [UInt8] {
    fileprivate mutating func append(scalar value: UInt32) {
        append(contentsOf: String(Unicode.Scalar(value) ?? "\u{fffd}").utf8)
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// Returns the first character and the number of its bytes; U+FFFD for a byte that begins none.
    fileprivate var scalar: (Unicode.Scalar, length: Int) {
        var decoder = UTF8()
        var bytes = prefix(4).makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&bytes) else { return ("\u{fffd}", 1) }
        return (scalar, UTF8.width(scalar))
    }
}

extension Unicode.Scalar {
    /// The number of columns that the scalar takes on a terminal, by the ranges of Unicode's East Asian Width that are
    /// in use.
    fileprivate var columns: Int {
        switch value {
        case ..<0x300: 1
        case 0x300...0x36f, 0x200b...0x200f, 0x20d0...0x20ff, 0xfe00...0xfe0f, 0xfe20...0xfe2f, 0xfeff,
            0x1f3fb...0x1f3ff, 0xe0100...0xe01ef:
            0
        case 0x1100...0x115f, 0x231a...0x231b, 0x23e9...0x23ec, 0x25fd...0x25fe, 0x2614...0x2615, 0x26a1, 0x2705,
            0x274c, 0x2728, 0x2753...0x2755, 0x2757, 0x2795...0x2797, 0x2b1b...0x2b1c, 0x2b50, 0x2b55,
            0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97c, 0xac00...0xd7a3,
            0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f004, 0x1f0cf, 0x1f18e,
            0x1f191...0x1f19a, 0x1f200...0x1f320, 0x1f32d...0x1f335, 0x1f337...0x1f37c, 0x1f37e...0x1f393,
            0x1f3a0...0x1f3ca, 0x1f3cf...0x1f3d3, 0x1f3e0...0x1f3f0, 0x1f3f4, 0x1f3f8...0x1f43e, 0x1f440,
            0x1f442...0x1f4fc, 0x1f4ff...0x1f53d, 0x1f54b...0x1f54e, 0x1f550...0x1f567, 0x1f57a, 0x1f595...0x1f596,
            0x1f5a4, 0x1f5fb...0x1f64f, 0x1f680...0x1f6c5, 0x1f6cc, 0x1f6d0...0x1f6d2, 0x1f6d5...0x1f6d7,
            0x1f6dc...0x1f6df, 0x1f6eb...0x1f6ec, 0x1f6f4...0x1f6fc, 0x1f7e0...0x1f7eb, 0x1f7f0, 0x1f90c...0x1f93a,
            0x1f93c...0x1f945, 0x1f947...0x1f9ff, 0x1fa70...0x1faff, 0x20000...0x3fffd:
            2
        default: properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }
}
