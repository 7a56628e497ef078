/// The name of a file in the sandbox, relative to `/mnt/data`. It may have folders.
///
/// LibreChat takes the name from the answer to an upload, so that a name that cannot be used is changed and not refused: a
/// path that leads elsewhere loses what leads there, control characters become `_`, and what is too long is shortened. All else
/// stays byte for byte: names of Linux that differ in case or in their normal form are different names.
package enum FileName {
    /// The largest number of bytes of a name between slashes (NAME_MAX of Linux).
    package static let longestPart = 255
    /// The largest number of bytes of a whole name.
    package static let longest = 1024
    /// The name of a file that has none.
    package static let unnamed = "file"

    /// Makes a name that can be used.
    ///
    /// - Returns: nil if the name has too many bytes even so.
    package static func made(safe name: String) -> String? {
        let parts = name.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
            .filter { $0 != "." && $0 != ".." }.map(part)
        guard !parts.isEmpty else { return unnamed }
        let whole = parts.joined(separator: "/")
        return whole.utf8.count <= longest ? whole : nil
    }

    /// Whether the name can be used as it is.
    package static func isSafe(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= longest
            && name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
                (1...longestPart).contains(part.count) && !part.elementsEqual(".".utf8)
                    && !part.elementsEqual("..".utf8)
            } && !name.unicodeScalars.contains(where: \.isUnsafe)
    }

    /// The last part of a name.
    package static func lastPart(_ name: String) -> String {
        name.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(name[name.index(after: $0)...]) } ?? name
    }

    private static func part(_ part: String) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: part.unicodeScalars.map { $0.isUnsafe ? "_" : $0 })
        let text = String(scalars)
        guard text.utf8.count > longestPart else { return text }
        // What follows the last point tells programs what the file is.
        let point = text.utf8.lastIndex(of: UInt8(ascii: ".")) ?? text.endIndex
        let ending = text.utf8[point...].count <= 32 ? String(text[point...]) : ""
        return cut(text, to: longestPart - ending.utf8.count) + ending
    }

    /// The beginning of a text, of at most `limit` bytes, without a cut character.
    private static func cut(_ text: String, to limit: Int) -> String {
        var beginning = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= limit else { break }
            beginning.append(scalar)
        }
        return String(beginning)
    }
}

extension Unicode.Scalar {
    /// Control characters, and those that make lines and the direction of text elsewhere than where they seem to.
    fileprivate var isUnsafe: Bool {
        isControl || (0x2028...0x202e).contains(value) || (0x2066...0x2069).contains(value)
    }
}
