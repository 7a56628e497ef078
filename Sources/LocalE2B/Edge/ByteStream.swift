/// One side of a connection that the edge splices: a TCP socket, or a port dialled in a sandbox.
protocol ByteStream: Sendable {
    /// What came next; empty when the other side has finished. One caller at a time.
    func read() async throws -> [UInt8]

    /// Returns when all of it has been taken. One caller at a time.
    func write(_ bytes: [UInt8]) async throws

    /// Nothing more will be written; what comes from the other side is still read.
    func finish() async
}
