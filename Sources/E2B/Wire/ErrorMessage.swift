internal import JSON

/// What E2B says when it refuses, made fit for a log and for people: one line, bounded, without secrets.
enum ErrorMessage {
    /// Characters.
    static let limit = 500
    /// Bytes that are looked at: most of them may be white space.
    private static let sourceLimit = 1 << 14

    static func of(_ body: [UInt8], without secrets: Secrets) -> String {
        if let message = message(in: body) { return of(text: message, without: secrets) }
        return line(text(of: secrets.removed(from: body)), without: secrets)
    }

    static func of(text: String, without secrets: Secrets) -> String {
        line(secrets.removed(from: Array(text.utf8)), without: secrets)
    }

    /// Secrets are gone from `words`, which may be cut now: half of one would not have been found. In a line there may be one
    /// again, put together of what stood apart.
    private static func line(_ words: [UInt8], without secrets: Secrets) -> String {
        let line = clean(String(decoding: words.prefix(sourceLimit), as: UTF8.self), limit: sourceLimit)
        return clean(String(decoding: secrets.removed(from: Array(line.utf8)), as: UTF8.self))
    }

    /// Without control and format characters, white space joined, at most `limit` characters.
    static func clean(_ text: String, limit: Int = limit) -> String {
        var line = ""
        var needsSpace = false
        var count = 0
        for character in text {
            if character.isWhitespace {
                needsSpace = !line.isEmpty
                continue
            }
            let scalars = character.unicodeScalars.filter { !isInvisible($0) }
            guard !scalars.isEmpty else { continue }
            guard count + (needsSpace ? 2 : 1) < limit else { return line + "…" }
            if needsSpace { line += " " }
            count += needsSpace ? 2 : 1
            needsSpace = false
            // A character of a thousand accents would be one in the count only.
            line.unicodeScalars.append(contentsOf: scalars.prefix(8))
        }
        return line
    }

    /// The message of `{"code", "message"}` or of `{"detail": [{"loc", "msg"}]}`; nil for another body.
    private static func message(in body: [UInt8]) -> String? {
        var words: String?
        let isObject = body.withUnsafeBytes { bytes in
            // Not JSON is a fine answer: the caller then takes the body as text.
            (try? JSONScanner.members(of: bytes) { key, value in
                switch key {
                case "message": words = value.string ?? words
                case "detail": words = words ?? (try? details(value)) ?? value.string
                default: break
                }
            }) != nil
        }
        return isObject ? words : nil
    }

    private static func details(_ value: JSONValue) throws(MalformedJSON) -> String? {
        var messages: [String] = []
        var failure: MalformedJSON?
        try value.elements { detail in
            var place: [String] = []
            var message = ""
            do throws(MalformedJSON) {
                try detail.members { key, value in
                    switch key {
                    case "msg": message = value.string ?? ""
                    case "loc": try? value.elements { place.append($0.string ?? $0.text) }
                    default: break
                    }
                }
            } catch { failure = error }
            if messages.count < 8 { messages.append("\(place.prefix(8).joined(separator: ".")): \(message)") }
        }
        if let failure { throw failure }
        return messages.isEmpty ? nil : messages.joined(separator: "; ")
    }

    /// Plain text as it is; of a page its title.
    private static func text(of body: [UInt8]) -> [UInt8] {
        guard body.first(where: { $0 > 0x20 }) == UInt8(ascii: "<") else { return body }
        let page = body.prefix(sourceLimit)
        let lowercase = page.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard let tag = lowercase.firstRange(of: "<title".utf8),
            let open = lowercase[tag.upperBound...].firstIndex(of: UInt8(ascii: ">")),
            let close = lowercase[open...].firstRange(of: "</title".utf8)
        else { return Array("an HTML page".utf8) }
        return Array(page[(open + 1)..<close.lowerBound])
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        default: false
        }
    }
}
