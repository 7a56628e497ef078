internal import FlyingFox
internal import FlyingSocks

/// Where the pieces of a response come from. Freed when the response is done with, sent or not: that is how a stream
/// learns that its client has left.
final class BodySource: Sendable {
    private let pull: @Sendable () async throws -> [UInt8]?
    private let finish: @Sendable () -> Void

    /// - Parameter pull: the next piece, never empty; nil at the end. Throwing cuts the connection.
    /// - Parameter finish: called once, at the end or when the response is given up.
    init(pull: @escaping @Sendable () async throws -> [UInt8]?, finish: @escaping @Sendable () -> Void) {
        self.pull = pull
        self.finish = finish
    }

    deinit { finish() }

    func next() async throws -> [UInt8]? {
        try await pull()
    }
}

struct PulledBody: AsyncBufferedSequence {
    typealias Element = UInt8

    let source: BodySource

    func makeAsyncIterator() -> Iterator {
        Iterator(source: source)
    }

    struct Iterator: AsyncBufferedIteratorProtocol {
        let source: BodySource
        private var rest: ArraySlice<UInt8> = []

        init(source: BodySource) {
            self.source = source
        }

        mutating func next() async throws -> UInt8? {
            if rest.isEmpty { rest = try await source.next()?[...] ?? [] }
            return rest.popFirst()
        }

        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            guard rest.isEmpty else {
                defer { rest = [] }
                return [UInt8](rest)
            }
            return try await source.next()
        }
    }
}
