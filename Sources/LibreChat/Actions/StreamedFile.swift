package import Interpreter
internal import JSON
internal import Synchronization

/// A `write_file` whose content can be written while the request's body arrives. The members before the content name
/// the file and the encoding.
package struct StreamedFile: Sendable {
    package let session: String
    package let path: SandboxPath
    fileprivate let isBase64: Bool
    fileprivate let json: JSONObjectStream
    /// The part of the content that has arrived.
    fileprivate let content: [UInt8]

    /// Returns the content in pieces.
    ///
    /// - Parameters:
    ///   - body: the rest of the request's body.
    ///   - limit: the largest number of bytes of the file.
    package func pieces<Body: AsyncSequence & Sendable>(
        of body: Body, limit: Int
    ) -> FilePieces<Body> where Body.Element == [UInt8] {
        FilePieces(file: self, body: body, limit: limit)
    }

    package func answer(_ count: Int) -> ActionAnswer {
        ActionDefinition.written(count, to: path, session: session)
    }
}

/// Reads the beginning of a request's body for as long as it may be that of a ``StreamedFile``.
package struct StreamedFileReader: Sendable {
    private var json = JSONObjectStream(streaming: ActionDefinition.fileContentName)
    private var content: [UInt8] = []

    package enum Step: Sendable {
        case more
        case file(StreamedFile)
        /// The body has to be read as a whole.
        case other
    }

    package init() {}

    package mutating func read(_ piece: [UInt8]) -> Step {
        do throws(MalformedJSON) {
            try json.read(piece, into: &content)
        } catch {
            // The reader of the whole body reports the error.
            return .other
        }
        guard json.phase != .before else { return .more }
        guard let arguments = ActionRequest.fileArguments(of: json.beginning) else { return .other }
        return .file(
            StreamedFile(
                session: arguments.session, path: arguments.path, isBase64: arguments.isBase64, json: json,
                content: content))
    }
}

extension JSONObjectStream {
    fileprivate mutating func read(_ piece: [UInt8], into content: inout [UInt8]) throws(MalformedJSON) {
        try piece.withUnsafeBufferPointer { piece throws(MalformedJSON) in
            try read(UnsafeRawBufferPointer(piece), into: &content)
        }
    }
}

/// The decoded content of a ``StreamedFile`` in pieces. At its end the whole request has been checked. If anything in
/// it is wrong, the sequence throws the error that refuses the request.
package struct FilePieces<Body: AsyncSequence & Sendable>: AsyncSequence, Sendable where Body.Element == [UInt8] {
    package typealias Element = [UInt8]

    fileprivate let file: StreamedFile
    fileprivate let body: Body
    fileprivate let limit: Int
    /// The numbers of bytes of the content and of the body.
    fileprivate let counts = Counts()

    fileprivate final class Counts: Sendable {
        let state = Mutex((content: 0, body: 0))
    }

    /// The number of bytes of the file so far.
    package var contentCount: Int { counts.state.withLock { $0.content } }
    /// The number of bytes of the body that this sequence has read.
    package var bodyCount: Int { counts.state.withLock { $0.body } }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        private let file: StreamedFile
        private let limit: Int
        private let counts: Counts
        private var body: Body.AsyncIterator
        private var json: JSONObjectStream
        private var base64: Base64Stream?
        /// The bytes that came before the rest of the body.
        private var first: [UInt8]?
        /// The error of the content. The rest of the body is read nevertheless, because an error in the body comes
        /// first.
        private var failure: ArgumentError?
        private var isTooLarge = false
        private var isFinished = false

        fileprivate init(_ pieces: FilePieces) {
            file = pieces.file
            limit = pieces.limit
            counts = pieces.counts
            body = pieces.body.makeAsyncIterator()
            json = pieces.file.json
            base64 = pieces.file.isBase64 ? Base64Stream() : nil
            first = pieces.file.content
        }

        package mutating func next() async throws -> [UInt8]? {
            if let content = first.take(), let piece = decoded(content) { return piece }
            while let piece = try await body.next(isolation: #isolation) {
                counts.state.withLock { $0.body += piece.count }
                var content: [UInt8] = []
                content.reserveCapacity(piece.count)
                do throws(MalformedJSON) { try json.read(piece, into: &content) } catch { throw ActionFailure.noObject }
                if let piece = decoded(content) { return piece }
            }
            guard !isFinished else { return nil }
            isFinished = true
            let last = base64 == nil ? [] : base64?.finish()
            if last == nil { failure = failure ?? .notBase64 }
            counts.state.withLock { $0.content += last?.count ?? 0 }
            isTooLarge = isTooLarge || contentCount > limit
            try finish()
            return last?.isEmpty == false ? last : nil
        }

        private var contentCount: Int { counts.state.withLock { $0.content } }

        /// - Returns: nil if the piece has nothing to be written.
        private mutating func decoded(_ content: consuming [UInt8]) -> [UInt8]? {
            if json.hasHalfPair {
                failure = failure ?? .halfPair("fileContent")
            }
            guard failure == nil else { return nil }
            var content = content
            if base64?.decode(&content) == false { failure = ArgumentError.notBase64 }
            let count = counts.state.withLock { counts in
                counts.content += content.count
                return counts.content
            }
            // The rest of a content that is too large is decoded as well, because it may not be base64.
            isTooLarge = isTooLarge || count > limit
            return failure == nil && !isTooLarge && !content.isEmpty ? content : nil
        }

        private func finish() throws {
            let rest: [UInt8]
            do throws(MalformedJSON) { rest = try json.finish() } catch { throw ActionFailure.noObject }
            _ = try ActionRequest(json: rest)
            if let failure { throw ActionFailure(failure, sessionID: file.session) }
            if isTooLarge { throw InterpreterError.contentTooLarge(limit: limit) }
        }
    }
}
