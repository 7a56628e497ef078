/// Values that an answer must not show: those of the sandbox's hidden variables.
package struct HiddenValues: Sendable {
    private let masks: [(value: [UInt8], mask: [UInt8])]
    /// Bytes of the longest value.
    package let longest: Int

    /// Shorter values would be found everywhere, and their masks would give them away.
    package static let shortest = 6

    /// - Parameter variables: by name. Values shorter than ``shortest`` bytes are left out.
    package init(_ variables: [String: String]) {
        masks =
            variables
            .filter { $0.value.utf8.count >= Self.shortest }
            // A value that contains another goes first.
            .sorted { ($0.value.utf8.count, $1.key) > ($1.value.utf8.count, $0.key) }
            .map { (Array($0.value.utf8), Array("[hidden:\($0.key)]".utf8)) }
        longest = masks.first?.value.count ?? 0
    }

    /// The text with `[hidden:NAME]` in the place of each value.
    package func masked(in text: String) -> String {
        guard !masks.isEmpty, let masked = replaced(in: Array(text.utf8)) else { return text }
        return String(decoding: masked, as: UTF8.self)
    }

    /// The same for what need not be text.
    package func masked(in bytes: [UInt8]) -> [UInt8] { replaced(in: bytes) ?? bytes }

    /// nil when there is nothing to replace.
    private func replaced(in bytes: [UInt8]) -> [UInt8]? {
        var result: [UInt8]?
        for (value, mask) in masks { result = (result ?? bytes).replacing(value, with: mask) ?? result }
        return result
    }
}

extension [UInt8] {
    /// nil when there is nothing to replace.
    fileprivate func replacing(_ needle: [UInt8], with replacement: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        var copied = 0
        var index = 0
        while index + needle.count <= count {
            guard self[index] == needle[0], self[index..<index + needle.count].elementsEqual(needle) else {
                index += 1
                continue
            }
            result += self[copied..<index]
            result += replacement
            index += needle.count
            copied = index
        }
        guard copied > 0 else { return nil }
        return result + self[copied...]
    }
}
