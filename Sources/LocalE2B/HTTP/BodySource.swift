/// The source of a response's pieces. It is freed when the response has ended, sent or not, which is how a stream
/// learns that its client has disconnected.
final class BodySource: Sendable {
    private let pull: @Sendable () async throws -> [UInt8]?
    private let finish: @Sendable () -> Void

    /// - Parameter pull: returns the next piece, which is never empty, or nil at the end. If it throws, the connection
    ///   is closed.
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
