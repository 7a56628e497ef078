internal import CImage

/// Reads the rows of a PNG, one batch after the other. `bytes` must outlive the reader.
struct PNGReader: ~Copyable {
    let layout: cimage_png_layout
    private let raw: OpaquePointer
    private let count: Int

    init(
        _ bytes: UnsafeBufferPointer<UInt8>, _ chunks: PNGChunkList, form: cimage_png_form
    ) throws(ImageGateError) {
        guard let base = bytes.baseAddress, chunks.end <= bytes.count else { throw .empty }
        let header = chunks.header
        guard let raw = cimage_png_open(base, chunks.end) else { throw .outOfMemory }
        var layout = cimage_png_layout()
        let status = cimage_png_start(raw, UInt32(header.size.width), UInt32(header.size.height), form, &layout)
        let error = Self.error(status, raw)
        if let error {
            cimage_png_close(raw)
            throw error
        }
        self.raw = raw
        self.layout = layout
        self.count = chunks.end
    }

    deinit { cimage_png_close(raw) }

    /// Reads the next rows into `rows`, which has room for `count` rows of the whole width. If `rows` is nil, the rows
    /// are dropped. The last of the rows has to be unchanged when the next ones are read.
    func read(_ count: Int, into rows: UnsafeMutablePointer<UInt8>?) throws(ImageGateError) {
        try check(cimage_png_read_rows(raw, rows, layout.row_bytes, UInt32(count)))
    }

    /// Whether a row that was read has an index past the palette.
    var isPastPalette: Bool { cimage_png_is_past_palette(raw) }

    /// Checks that all rows can be read, without converting them to pixels.
    func checkRows(_ header: PNGHeader) throws(ImageGateError) {
        let passes = header.passes.map { size in
            cimage_png_pass(rows: UInt32(size.height), row_bytes: UInt64(header.rowBytes(width: size.width)))
        }
        try check(cimage_png_check_rows(raw, passes, passes.count))
    }

    /// Checks, after the last row, that the compressed stream ends there, and that the file ends with IEND.
    func finish(_ chunks: PNGChunkList) throws(ImageGateError) {
        var streamEnd = 0
        var consumed = 0
        try check(cimage_png_finish(raw, &streamEnd, &consumed))
        // Encoders may cut the compressed stream into chunks anywhere, so its last bytes, the end of a block and a
        // checksum, may be in a later chunk than the last row. libpng does not read them there, so zlib has to. This
        // decompresses all data a second time, so it is done only if the end may be in a later chunk.
        guard !cimage_png_checks_stream(raw) else { return }
        if streamEnd < chunks.dataEnd || chunks.lastDataCount < Self.streamEndCount {
            try checkRows(chunks.header)
        }
        guard consumed == count else { throw .trailingData(.png, count: count - consumed) }
    }

    /// The largest number of bytes of the stream after the last row.
    private static let streamEndCount = 64

    private func check(_ status: cimage_status) throws(ImageGateError) {
        if let error = Self.error(status, raw) { throw error }
    }

    private static func error(_ status: cimage_status, _ raw: OpaquePointer) -> ImageGateError? {
        switch status {
        case .ok: nil
        case .out_of_memory: .outOfMemory
        case .malformed, .too_large:
            .malformed(.png, why: "PNG does not decode: \(ImageGateError.readable(cimage_png_message(raw)))")
        }
    }
}

extension PNGReader {
    /// A pass of Adam7: a smaller image made of every `columnStep`th pixel (PNG Third Edition, section 8.1).
    struct Pass: Equatable, Sendable {
        let firstColumn: Int
        let columnStep: Int
        let firstRow: Int
        let rowStep: Int
        let size: PixelSize

        private init(_ column: Int, _ columnStep: Int, _ row: Int, _ rowStep: Int, of size: PixelSize) {
            (firstColumn, self.columnStep, firstRow, self.rowStep) = (column, columnStep, row, rowStep)
            self.size = PixelSize(
                width: (size.width - column + columnStep - 1) / columnStep,
                height: (size.height - row + rowStep - 1) / rowStep)
        }

        /// The passes of an interlaced image that have pixels.
        static func all(of size: PixelSize) -> [Pass] {
            [
                Pass(0, 8, 0, 8, of: size), Pass(4, 8, 0, 8, of: size), Pass(0, 4, 4, 8, of: size),
                Pass(2, 4, 0, 4, of: size), Pass(0, 2, 2, 4, of: size), Pass(1, 2, 0, 2, of: size),
                Pass(0, 1, 1, 2, of: size),
            ].filter { $0.size.width > 0 && $0.size.height > 0 }
        }
    }
}
