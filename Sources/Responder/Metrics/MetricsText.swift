import Interpreter

/// Writes metrics in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).
struct MetricsText {
    typealias Labels = [(name: String, value: String)]

    private(set) var text = ""

    init() { text.reserveCapacity(16 << 10) }

    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        counter(name, help, [([], Double(value))])
    }

    mutating func counter(_ name: String, _ help: String, _ samples: [(labels: Labels, value: Double)]) {
        family(name, help, "counter", samples)
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Double) { gauge(name, help, [([], value)]) }

    mutating func gauge(_ name: String, _ help: String, _ samples: [(labels: Labels, value: Double)]) {
        family(name, help, "gauge", samples)
    }

    /// - Parameter histograms: with the labels of each.
    mutating func histogram(_ name: String, _ help: String, _ histograms: [(labels: Labels, Histogram)]) {
        head(name, help, "histogram")
        for (labels, histogram) in histograms {
            let values = histogram.values
            var count = 0
            for (bound, inBucket) in zip(histogram.bounds, values.counts) {
                count += inBucket
                sample(name + "_bucket", labels + [("le", Self.written(bound))], Double(count))
            }
            sample(name + "_bucket", labels + [("le", "+Inf")], Double(values.total))
            sample(name + "_sum", labels, values.sum)
            sample(name + "_count", labels, Double(values.total))
        }
    }

    private mutating func family(
        _ name: String, _ help: String, _ type: String, _ samples: [(labels: Labels, value: Double)]
    ) {
        head(name, help, type)
        for (labels, value) in samples { sample(name, labels, value) }
    }

    private mutating func head(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type)\n"
    }

    private mutating func sample(_ name: String, _ labels: Labels, _ value: Double) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(Self.written(value))\n"
    }

    /// Whole numbers without a point, so that a large count is read as it is.
    private static func written(_ value: Double) -> String {
        if let whole = Int(exactly: value) { return String(whole) }
        return value.isFinite ? "\(value)" : "NaN"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
