import CodeAPI

/// A form is the same in whatever pieces it arrives, and the name of a file becomes one that a sandbox can have.
enum Forms {
    /// The first byte says how large the pieces are. The boundary is `B`.
    static func check(_ bytes: [UInt8]) throws(Violation) {
        guard let first = bytes.first else { return }
        let body = Array(bytes.dropFirst())
        let whole = parts(of: body, size: max(1, body.count))
        let pieces = parts(of: body, size: Int(first) % 20 + 1)
        try require(whole == pieces, "a form is another one in small pieces")
        for part in whole ?? [] {
            guard let name = part.head.filename else { continue }
            guard let made = FileName.made(safe: name) else { continue }
            try require(FileName.isSafe(made), "a file's name is \(made)")
            try require(FileName.made(safe: made)?.utf8.elementsEqual(made.utf8) == true, "\(made) is not safe enough")
        }
    }

    private struct Part: Equatable {
        let head: MultipartPart
        var content: [UInt8] = []
        var isWhole = false
    }

    /// - Returns: nil if it is no form.
    private static func parts(of body: [UInt8], size: Int) -> [Part]? {
        guard let boundary = try? MultipartBoundary(contentType: "multipart/form-data; boundary=B") else { return nil }
        var parser = MultipartParser(boundary, partLimit: 100)
        var parts: [Part] = []
        do throws(MultipartError) {
            for start in stride(from: 0, to: body.count, by: size) {
                parser.feed(Array(body[start..<min(start + size, body.count)]))
                try take(&parser, &parts)
            }
            parser.finish()
            try take(&parser, &parts)
        } catch {
            precondition(!error.description.isEmpty)
            return nil
        }
        precondition(parts.allSatisfy(\.isWhole))
        return parts
    }

    private static func take(_ parser: inout MultipartParser, _ parts: inout [Part]) throws(MultipartError) {
        while let event = try parser.next() {
            switch event {
            case .part(let head): parts.append(Part(head: head))
            case .content(let bytes):
                precondition(!bytes.isEmpty)
                parts[parts.count - 1].content += bytes
            case .partEnd: parts[parts.count - 1].isWhole = true
            }
        }
    }
}
