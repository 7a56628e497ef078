internal import FlyingFox
internal import FlyingSocks

/// A response body whose pieces are pulled from a source as they are sent.
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
