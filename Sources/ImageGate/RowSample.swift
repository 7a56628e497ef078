/// About an eighth of an image's rows, in groups, to learn from what the whole will take.
///
/// In groups because filters and zlib look upwards, and because JPEG's blocks have sixteen rows.
enum RowSample {
    private static let group = 16
    private static let period = 8 * group

    /// Nil: the whole is small enough.
    static func groups(of height: Int) -> [Range<Int>]? {
        guard height > period else { return nil }
        return stride(from: 0, to: height - group, by: period).map { $0..<$0 + group }
    }
}

extension Bitmap {
    func sampled() -> Bitmap {
        guard let groups = RowSample.groups(of: size.height) else { return self }
        var sample = Bitmap(size: size, layout: layout, samples: [])
        for rows in groups { sample.samples += samples[rows.lowerBound * rowBytes..<rows.upperBound * rowBytes] }
        sample.size.height = sample.samples.count / rowBytes
        return sample
    }
}
