import Foundation
import TestSupport

/// One line of an execution's stream, and what of it is the same everywhere.
struct RecordedLine {
    private let fields: [String: JSONTree]

    init(_ fields: [String: JSONTree]) {
        self.fields = fields
    }

    var normal: JSONTree {
        var fields = fields
        fields["chart"] = nil
        fields["data"] = nil
        if case .number(let count)? = fields["execution_count"], count >= 1 {
            fields["execution_count"] = .text("<count>")
        }
        if fields["timestamp"]?.string?.wholeMatch(of: Self.timestamp) != nil {
            fields["timestamp"] = .text("<time>")
        }
        for (field, magic) in Self.images {
            if let image = fields[field]?.string.flatMap({ Data(base64Encoded: $0) }), image.starts(with: magic) {
                fields[field] = .text("<\(field)>")
            }
        }
        if let svg = fields["svg"]?.string, svg.count > 1000, svg.hasPrefix("<"), svg.contains("<svg") {
            fields["svg"] = .text("<svg>")
        }
        if let traceback = fields["traceback"]?.string {
            let name = fields["name"]?.string ?? ""
            fields["traceback"] = .text(Self.withoutLibraries(traceback, exception: name))
        }
        return JSONTree.object(fields).replacingTexts(Self.normal)
    }

    private static let images: [(String, [UInt8])] = [
        ("png", [0x89] + Array("PNG\r\n".utf8)), ("jpeg", [0xFF, 0xD8, 0xFF]), ("pdf", Array("%PDF-".utf8)),
    ]

    private static var timestamp: Regex<Substring> {
        /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00/
    }

    private static func normal(_ text: String) -> String {
        // Regular expressions over a megabyte of output take seconds, and nothing below occurs there.
        guard text.utf8.count < 100_000 else { return text }
        return text.replacing(/0x[0-9a-f]{6,}/, with: "0x…")
            .replacing(/Cell In\[\d+\]/, with: "Cell In[n]")
            .replacing(#//tmp/ipykernel_\d+//#, with: "/tmp/ipykernel_n/")
            .replacing(#//usr/[^\s:,)]*/#) { path in path.output.contains("/lib/") ? "/usr/…" : String(path.output) }
            .replacing(/(pip|python) \d+(\.\d+)+/) { "\($0.output.1) n" }
    }

    /// Frames of files up to the next cell's or the exception itself.
    private static func withoutLibraries(_ traceback: String, exception: String) -> String {
        var isLibrary = false
        let lines = traceback.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            if line.hasPrefix("File /") { isLibrary = true }
            if line.hasPrefix("Cell In[") || line.hasPrefix("\(exception):") { isLibrary = false }
            return !isLibrary
        }
        return lines.joined(separator: "\n")
    }
}
