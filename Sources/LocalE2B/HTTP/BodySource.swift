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
