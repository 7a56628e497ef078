/// An HTML table that is being read, and that becomes a Markdown table.
struct HTMLTable {
    private var caption: [UInt8] = []
    private var rows: [[[UInt8]]] = []
    /// The number of further rows that a cell from above covers, by column.
    private var covered: [Int] = []
    private var rowsLeftOut = 0
    private(set) var isInCell = false
    private var isInCaption = false
    private var isSpacePending = false

    private static let rowLimit = 20_000
    private static let columnLimit = 500
    /// The largest number of cells with which a short row is filled up.
    private static let paddedLimit = 50

    var isEmpty: Bool { rows.isEmpty && caption.isEmpty }

    mutating func beginCaption() { (isInCaption, isInCell, isSpacePending) = (true, true, false) }

    mutating func beginRow() {
        endCell()
        guard rows.count < Self.rowLimit else { return rowsLeftOut += 1 }
        rows.append([])
    }

    mutating func beginCell(columns: Int, rows rowCount: Int) {
        endCell()
        if rows.isEmpty { beginRow() }
        guard rowsLeftOut == 0 else { return }
        skipCovered()
        (isInCell, isSpacePending) = (true, false)
        let last = rows.count - 1
        guard rows[last].count < Self.columnLimit else { return }
        for extra in 0..<min(max(columns, 1), Self.columnLimit - rows[last].count) {
            let column = rows[last].count
            rows[last].append([])
            if rowCount > 1 {
                while covered.count <= column { covered.append(0) }
                covered[column] = min(rowCount, Self.rowLimit) - 1
            }
            // The text goes into the first of the columns that the cell spans.
            if extra == 0 { current = column }
        }
    }

    private var current = 0

    /// Adds an empty cell for each column that a cell from above covers.
    private mutating func skipCovered() {
        let last = rows.count - 1
        while rows[last].count < covered.count, covered[rows[last].count] > 0 {
            covered[rows[last].count] -= 1
            rows[last].append([])
        }
    }

    mutating func endCell() { (isInCell, isInCaption) = (false, false) }

    mutating func write(_ bytes: some Sequence<UInt8>) {
        if isInCaption {
            Self.append(bytes, to: &caption, &isSpacePending)
        } else if let last = rows.indices.last, rows[last].indices.contains(current) {
            Self.append(bytes, to: &rows[last][current], &isSpacePending)
        }
    }

    private static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8], _ isSpacePending: inout Bool) {
        for byte in bytes {
            if byte <= 0x20 {
                isSpacePending = !text.isEmpty
                continue
            }
            if isSpacePending { text.append(UInt8(ascii: " ")) }
            isSpacePending = false
            // A bar in the text would end the cell, so it is escaped.
            if byte == UInt8(ascii: "|") { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
    }

    /// The Markdown table, whose head is the first row.
    var markdown: [UInt8] {
        var text: [UInt8] = []
        if !caption.isEmpty { text += caption + [UInt8(ascii: "\n"), UInt8(ascii: "\n")] }
        let rows = self.rows.filter { !$0.isEmpty }
        guard let head = rows.first else { return text }
        let columns = max(head.count, 1)
        for (index, row) in rows.enumerated() {
            for cell in row { text += "| ".utf8 + cell + (cell.isEmpty ? [] : [UInt8(ascii: " ")]) }
            for _ in row.count..<max(min(columns, Self.paddedLimit), row.count) { text += "| ".utf8 }
            text += "|\n".utf8
            if index == 0 { text += (String(repeating: "| --- ", count: columns) + "|\n").utf8 }
        }
        if rowsLeftOut > 0 { text += "[… \(rowsLeftOut) more rows left out …]\n".utf8 }
        text.removeLast()
        return text
    }
}
