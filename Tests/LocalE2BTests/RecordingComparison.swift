import Foundation
import TestSupport

/// Tells whether an execution's stream is the answer that the real server gave.
///
/// Same lines in the same order with the same fields. What may differ between two machines, or two runs on one, is
/// made equal first:
/// - keepalives and blank lines are left out; a run of `stdout` (or `stderr`) lines is one, because its cuts depend on time;
/// - execution counts, timestamps (they must be well formed), memory addresses, process numbers, versions, paths of `/usr`;
/// - the bytes of images (each must be of its type), and SVG too long to have been written by hand;
/// - library frames in tracebacks: their lines are the library's;
/// - `chart` and `data`;
/// - the count before `ContextRestarting`: whether a kernel that ends at once still sends it is a race.
enum RecordingComparison {
    /// The differences in words; none when the answer is right.
    static func differences(expected: [UInt8], actual: [UInt8]) -> [String] {
        let expected = lines(expected)
        let actual = lines(actual)
        return (0..<max(expected.count, actual.count)).flatMap { index -> [String] in
            guard index < actual.count else { return ["line \(index + 1) is missing: \(expected[index])"] }
            guard index < expected.count else { return ["line \(index + 1) is too many: \(actual[index])"] }
            return differences(expected[index], actual[index]).map { "line \(index + 1): \($0)" }
        }
    }

    private static func differences(_ expected: JSONTree, _ actual: JSONTree) -> [String] {
        guard case .object(let wanted) = expected, case .object(let given) = actual,
            wanted["type"] == given["type"]
        else {
            return expected == actual ? [] : ["expected \(expected), got \(actual)"]
        }
        return Set(wanted.keys).union(given.keys).sorted().compactMap { field in
            if wanted[field] == given[field] { return nil }
            let said = { (value: JSONTree?) in value.map { "\($0)" } ?? "nothing" }
            return "\(field): expected \(said(wanted[field])), got \(said(given[field]))"
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [JSONTree] {
        var lines: [JSONTree] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            // Compared as it is, a line that is no object cannot go unnoticed.
            guard let value = try? JSONDecoder().decode(JSONTree.self, from: Data(line)),
                case .object(let fields) = value
            else {
                lines.append(.text(String(decoding: line, as: UTF8.self)))
                continue
            }
            if fields["type"] == .text("keepalive") { continue }
            let normal = RecordedLine(fields).normal
            if let merged = merge(lines.last, normal) {
                lines[lines.count - 1] = merged
            } else {
                lines.append(normal)
            }
        }
        let dies = lines.firstIndex { $0.isError(named: "ContextRestarting") }
        if dies == 1, lines[0].isCount { lines.removeFirst() }
        return lines
    }

    /// One line of two, if both are text of the same stream.
    private static func merge(_ first: JSONTree?, _ second: JSONTree) -> JSONTree? {
        guard case .object(var fields)? = first, case .object(let more) = second,
            fields["type"] == more["type"], ["stdout", "stderr"].contains(more["type"]?.string),
            let start = fields["text"]?.string, let rest = more["text"]?.string,
            fields["timestamp"] == more["timestamp"]
        else { return nil }
        fields["text"] = .text(start + rest)
        return .object(fields)
    }
}

extension JSONTree {
    fileprivate func isError(named name: String) -> Bool {
        guard case .object(let fields) = self else { return false }
        return fields["type"] == .text("error") && fields["name"] == .text(name)
    }

    fileprivate var isCount: Bool {
        guard case .object(let fields) = self else { return false }
        return fields["type"] == .text("number_of_executions")
    }
}
