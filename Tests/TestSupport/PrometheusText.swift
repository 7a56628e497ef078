/// Reads Prometheus' text format as strictly as its description allows
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
package struct PrometheusText {
    package struct Sample {
        package let name: String
        package let labels: [String: String]
        package let value: Double
    }

    package struct Family {
        package let help: String
        package let type: String
        package fileprivate(set) var samples: [Sample] = []
    }

    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package private(set) var families: [String: Family] = [:]

    package init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(description: "the last line has no line feed") }
        var help: (name: String, text: String)?
        var current: String?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# HELP ") {
                let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
                guard parts.count == 2 else { throw Malformed(description: "no help: \(line)") }
                help = (String(parts[0]), String(parts[1]))
            } else if line.hasPrefix("# TYPE ") {
                let parts = line.dropFirst(7).split(separator: " ")
                guard parts.count == 2, let told = help, told.name == parts[0], families[told.name] == nil,
                    ["counter", "gauge", "histogram"].contains(String(parts[1]))
                else { throw Malformed(description: "a type without its help, or twice: \(line)") }
                families[told.name] = Family(help: told.text, type: String(parts[1]))
                (current, help) = (told.name, nil)
            } else {
                guard let current, let family = families[current] else {
                    throw Malformed(description: "a sample without a family: \(line)")
                }
                let sample = try Self.sample(line)
                let names =
                    family.type == "histogram" ? ["_bucket", "_sum", "_count"].map { current + $0 } : [current]
                guard names.contains(sample.name) else { throw Malformed(description: "not of \(current): \(line)") }
                guard family.type != "counter" || current.hasSuffix("_total") && sample.value >= 0 else {
                    throw Malformed(description: "no counter: \(line)")
                }
                let isTwice = family.samples.contains { $0.name == sample.name && $0.labels == sample.labels }
                guard !isTwice else { throw Malformed(description: "twice: \(line)") }
                families[current]?.samples.append(sample)
            }
        }
        for (name, family) in families where family.type == "histogram" { try Self.check(name, family) }
    }

    /// The buckets of each histogram grow, and the last one has all.
    private static func check(_ name: String, _ family: Family) throws {
        let groups = Dictionary(grouping: family.samples) { sample in
            sample.labels.filter { $0.key != "le" }.map { "\($0.key)=\($0.value)" }.sorted()
        }
        for samples in groups.values {
            let buckets = samples.filter { $0.name == name + "_bucket" }
            let count = samples.first { $0.name == name + "_count" }?.value
            guard buckets.map(\.value) == buckets.map(\.value).sorted(), buckets.last?.labels["le"] == "+Inf",
                buckets.last?.value == count, samples.contains(where: { $0.name == name + "_sum" })
            else { throw Malformed(description: "the histogram \(name) is not one") }
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        let malformed = Malformed(description: "no sample: \(line)")
        let name = line.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
        guard let first = name.first, !first.isNumber else { throw malformed }
        var rest = line[name.endIndex...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                rest = rest[label.endIndex...]
                guard !label.isEmpty, rest.hasPrefix("=\"") else { throw malformed }
                rest = rest.dropFirst(2)
                var value = ""
                while let next = rest.popFirst(), next != "\"" {
                    guard next == "\\" else {
                        value.append(next)
                        continue
                    }
                    switch rest.popFirst() {
                    case "\\": value += "\\"
                    case "\"": value += "\""
                    case "n": value += "\n"
                    default: throw malformed
                    }
                }
                guard labels.updateValue(value, forKey: String(label)) == nil else { throw malformed }
                if rest.first == "," { rest = rest.dropFirst() } else if rest.first != "}" { throw malformed }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let value = Double(rest.dropFirst()) else { throw malformed }
        return Sample(name: String(name), labels: labels, value: value)
    }
}
