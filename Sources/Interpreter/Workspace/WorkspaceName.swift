/// The name of a file relative to the workspace, `plots/a.png` for example.
///
/// Names are compared byte by byte, as the sandbox's file system compares them. Swift's own comparison takes a composed and a
/// decomposed letter for one.
package struct WorkspaceName: Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil if no file in the workspace can have this name, or none that can be shown.
    package init?(_ text: String) {
        let components = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.limit, !text.unicodeScalars.contains(where: \.isControl),
            components.allSatisfy(Self.isValid(component:))
        else { return nil }
        self.text = text
    }

    private static func isValid(component: Substring.UTF8View) -> Bool {
        (1...255).contains(component.count) && !component.elementsEqual(".".utf8) && !component.elementsEqual("..".utf8)
    }

    /// Bytes.
    private static let limit = 1024

    package var description: String { text }

    /// The number of folders above the file.
    var depth: Int { text.utf8.count { $0 == UInt8(ascii: "/") } }

    /// Where it is in the sandbox.
    var path: String { "\(Workspace.path)/\(text)" }

    /// The name with another extension.
    func with(extension ending: String) -> WorkspaceName? {
        let name = text.utf8.lastIndex(of: UInt8(ascii: "/")).map { text.utf8.index(after: $0) } ?? text.startIndex
        let dot = text.utf8[name...].lastIndex(of: UInt8(ascii: ".")).flatMap { $0 == name ? nil : $0 }
        return WorkspaceName("\(text[..<(dot ?? text.endIndex)]).\(ending)")
    }
}

extension WorkspaceName: Hashable, Comparable {
    package static func == (one: WorkspaceName, other: WorkspaceName) -> Bool {
        one.text.utf8.elementsEqual(other.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }

    package static func < (one: WorkspaceName, other: WorkspaceName) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { value < 0x20 || (0x7f...0x9f).contains(value) }
}
