import Foundation

/// A document of the repository, as far as its links and headings go. What stands in code is neither.
struct MarkdownDocument {
    struct Target: Hashable {
        let file: URL
        /// The anchor of a heading, as GitHub makes it; nil for the whole file.
        let anchor: String?
    }

    let file: URL
    private let text: String

    init(_ file: URL) throws {
        self.file = file.standardizedFileURL
        let fenced = try Regex("(?ms)^ *```.*?^ *```$")
        text = try String(contentsOf: file, encoding: .utf8).replacing(fenced, with: "")
    }

    /// All documents that are sources, and not what a build has fetched.
    static func all(in repository: URL) throws -> [MarkdownDocument] {
        let roots = ["README.md", ".github", "nginx", "Sources", "Tests"].map { repository.appending(path: $0) }
        let files = roots.flatMap { root -> [URL] in
            guard root.pathExtension.isEmpty else { return [root] }
            let found = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
            return (found?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "md" }
        }
        return try files.map(MarkdownDocument.init)
    }

    /// The README itself, and the files that GitHub shows by their names.
    var isFoundByGitHub: Bool {
        file.lastPathComponent == "README.md" && !file.path.contains("/nginx/") && !file.path.contains("/Tests/Bench/")
            || file.path.contains("/.github/")
    }

    /// What the links to other files, and to headings, lead to. Links into the web are not looked at.
    var targets: [Target] {
        let links = text.replacing(/`[^`\n]*`/, with: "code")
        let addresses =
            links.matches(of: /\]\(([^)\s]+)\)/).map { String($0.output.1) }
            + links.matches(of: /(?:src|href)="([^"]+)"/).map { String($0.output.1) }
        let pages = links.matches(of: /<doc:([A-Za-z0-9-]+)>/).map { "\($0.output.1).md" }
        return (addresses + pages).compactMap { address in
            guard !address.contains("://"), !address.hasPrefix("mailto:") else { return nil }
            let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let path = String(parts.first ?? "")
            let target =
                path.isEmpty ? file : file.deletingLastPathComponent().appending(path: path).standardizedFileURL
            return Target(file: target, anchor: parts.count > 1 ? String(parts[1]) : nil)
        }
    }

    func brokenLinks(within repository: URL) -> [String] {
        targets.compactMap { target in
            let root = repository.standardizedFileURL.path
            let path = target.file.path
            guard path.hasPrefix(root), FileManager.default.fileExists(atPath: path) else { return path }
            guard let anchor = target.anchor else { return nil }
            let anchors = (try? MarkdownDocument(target.file).anchors) ?? []
            return anchors.contains(anchor) ? nil : "\(path)#\(anchor)"
        }
    }

    /// The headings' anchors: lower case, without punctuation, blanks as hyphens.
    private var anchors: Set<String> {
        Set(
            text.matches(of: /(?m)^#+ +(.+)$/).map { heading in
                heading.output.1.lowercased()
                    .filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
                    .replacing(" ", with: "-")
            })
    }
}
