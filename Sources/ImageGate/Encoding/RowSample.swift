/// About an eighth of an image's rows, in groups, to learn from what the whole will take.
///
/// In groups because filters and zlib look upwards, and because JPEG's blocks have sixteen rows.
enum RowSample {
    private static let group = 16
    private static let period = 8 * group

    /// Nil: the whole is small enough.
    ///
    /// - Parameter rowBytes: elements of a row; bytes, mostly.
    static func rows<Element>(of samples: [Element], rowBytes: Int, height: Int) -> [Element]? {
        guard height > period else { return nil }
        return stride(from: 0, to: height - group, by: period).flatMap { first in
            samples[first * rowBytes..<(first + group) * rowBytes]
        }
    }
}

extension Bitmap {
    func sampled() -> Bitmap {
        guard let rows = RowSample.rows(of: samples, rowBytes: rowBytes, height: size.height) else { return self }
        return Bitmap(size: PixelSize(width: size.width, height: rows.count / rowBytes), layout: layout, samples: rows)
    }
}
