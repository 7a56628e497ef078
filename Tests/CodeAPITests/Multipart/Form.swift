import CodeAPI

/// A form as clients write it, and what the parser makes of a body.
struct Form {
    struct Part: Equatable {
        var part: MultipartPart
        var content: [UInt8] = []

        var text: String { String(decoding: content, as: UTF8.self) }
    }

    static let boundary = "----axios-1.7.2-boundary-Aa0_'b"
    var boundary = Self.boundary

    /// The body of a form whose parts have these headers and contents.
    func body(_ parts: [(head: String, content: String)]) -> [UInt8] {
        Array(
            (parts.map { "--\(boundary)\r\n\($0.head)\r\n\r\n\($0.content)\r\n" }.joined() + "--\(boundary)--\r\n").utf8
        )
    }

    func file(_ name: String, _ content: String, type: String = "text/csv") -> (head: String, content: String) {
        ("Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\nContent-Type: \(type)", content)
    }

    func field(_ name: String, _ value: String) -> (head: String, content: String) {
        ("Content-Disposition: form-data; name=\"\(name)\"", value)
    }

    /// The parts of a body that arrives in pieces of these sizes, over and over again.
    func parts(of body: [UInt8], pieces sizes: [Int] = [1 << 20], partLimit: Int = 1000) throws -> [Part] {
        var parser = MultipartParser(
            try MultipartBoundary(contentType: "multipart/form-data; boundary=\"\(boundary)\""), partLimit: partLimit)
        var parts: [Part] = []
        var ends = 0
        func take() throws {
            while let event = try parser.next() {
                switch event {
                case .part(let part): parts.append(Part(part: part))
                case .content(let bytes): parts[parts.count - 1].content += bytes
                case .partEnd: ends += 1
                }
            }
        }
        var start = 0
        var turn = 0
        while start < body.count {
            let end = min(body.count, start + max(1, sizes[turn % sizes.count]))
            parser.feed(Array(body[start..<end]))
            try take()
            (start, turn) = (end, turn + 1)
        }
        parser.finish()
        try take()
        if ends != parts.count { throw UnendedPart() }
        return parts
    }

    struct UnendedPart: Error {}
}
