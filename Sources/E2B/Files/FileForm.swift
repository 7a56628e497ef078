/// Files as a form, which every envd reads. RFC 7578. The name of a single file is in the query. Protocol.md, 3.3.
struct FileForm {
    let contentType: String
    private let boundary: String
    /// The bytes before the file and after it.
    private let head: [UInt8]
    private let tail: [UInt8]

    init() {
        // It is random, so that nobody can have made a file that contains it.
        let boundary = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined(separator: "-")
        self.boundary = boundary
        contentType = "multipart/form-data; boundary=\(boundary)"
        head = Array(
            """
            --\(boundary)\r
            Content-Disposition: form-data; name="file"; filename="file"\r
            Content-Type: application/octet-stream\r
            \r\n
            """.utf8)
        tail = Array("\r\n--\(boundary)--\r\n".utf8)
    }

    /// The number of bytes in the form in addition to the file's.
    var overhead: Int { head.count + tail.count }

    func around(_ bytes: [UInt8]) -> [UInt8] {
        var form: [UInt8] = []
        form.reserveCapacity(bytes.count + overhead)
        form += head
        form += bytes
        form += tail
        return form
    }

    /// - Parameter files: at least one. Their paths are such as ``canName(_:)`` admits.
    func around(_ files: [(path: String, bytes: [UInt8])]) -> [UInt8] {
        var form: [UInt8] = []
        form.reserveCapacity(files.reduce(tail.count) { $0 + $1.path.utf8.count + $1.bytes.count + overhead })
        for (index, file) in files.enumerated() {
            if index > 0 { form += "\r\n".utf8 }
            form += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"".utf8
            form += file.path.utf8
            form += "\"\r\nContent-Type: application/octet-stream\r\n\r\n".utf8
            form += file.bytes
        }
        form += tail
        return form
    }

    /// Whether a form can say the path. Programs differ in how they read what is no plain character.
    static func canName(_ path: String) -> Bool {
        path.utf8.allSatisfy { (0x20..<0x7f).contains($0) && !"\"\\%;".utf8.contains($0) } && !path.hasSuffix("/")
    }

    func around<Pieces: AsyncSequence & Sendable>(_ pieces: Pieces) -> EnclosedPieces<Pieces> {
        EnclosedPieces(head: head, pieces: pieces, tail: tail)
    }
}

/// Pieces with one before them and one after them.
struct EnclosedPieces<Pieces: AsyncSequence & Sendable>: AsyncSequence, Sendable where Pieces.Element == [UInt8] {
    let head: [UInt8]
    let pieces: Pieces
    let tail: [UInt8]

    func makeAsyncIterator() -> Iterator { Iterator(head: head, pieces: pieces.makeAsyncIterator(), tail: tail) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var head: [UInt8]?
        fileprivate var pieces: Pieces.AsyncIterator
        fileprivate var tail: [UInt8]?

        mutating func next() async throws -> [UInt8]? { try await next(isolation: #isolation) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
            if let head = head.take() { return head }
            if tail != nil, let piece = try await pieces.next(isolation: actor) { return piece }
            return tail.take()
        }
    }
}
