/// A sample of about an eighth of an image's rows, from which the encoded size of the whole is estimated.
///
/// The sample has groups of sixteen rows, because PNG's filters and zlib use the rows above, and because JPEG's blocks
/// are up to sixteen rows high.
enum RowSample {
    private static let group = 16
    private static let period = 8 * group

    /// Returns the rows of the sample; nil if the image is so small that no sample is needed.
    ///
    /// - Parameter rowBytes: the number of elements in a row.
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
