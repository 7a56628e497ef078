/// One side of a connection that the edge splices: a TCP socket, or a port dialled in a sandbox.
protocol ByteStream: Sendable {
    /// Reads the next bytes; they are empty when the other side has finished. Only one caller may read at a time.
    func read() async throws -> [UInt8]

    /// Writes all bytes, and returns when they have been taken. Only one caller may write at a time.
    func write(_ bytes: [UInt8]) async throws

    /// Closes the writing side. Bytes from the other side can still be read.
    func finish() async
}
