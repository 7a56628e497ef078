/// Keeps files that outlive a sandbox: uploads, what programs leave behind, and what is shared by a link.
///
/// Any number of processes use the same store at the same time, and none of them has to be told of another. A file appears at once
/// and whole, is never changed, and disappears when it is deleted or not used for long. Ids are random, so that no two writers
/// meet.
package protocol FileStore: Sendable {
    /// Begins a new file, which nobody sees until it is committed.
    ///
    /// - Parameters:
    ///   - place: where the file will most probably belong. What decides is the place of the commit; another place may cost a copy.
    ///   - limit: the largest number of bytes of the file.
    func begin(at place: StorePlace, limit: Int) async throws(StoreError) -> any FileWriter

    /// Looks up a file, whatever its session is.
    ///
    /// - Throws: `.notFound`, for another owner's file as well.
    func file(_ id: FileID, of owner: StoreOwner) async throws(StoreError) -> StoredFile

    /// Opens a file. It can be read to its end even if it is removed meanwhile.
    ///
    /// - Parameter range: the bytes to read, within the file; nil for all of them.
    /// - Throws: `.notFound` if the file is gone.
    func open(_ file: StoredFile, range: Range<Int>?) async throws(StoreError) -> StoredBytes

    /// Lists the files of a session, the oldest first; none if there is no such session.
    func files(in session: StoreSessionID, of owner: StoreOwner) async throws(StoreError) -> [StoredFile]

    /// - Throws: `.notFound` if there is no such file, for another owner's file as well.
    func delete(_ id: FileID, of owner: StoreOwner) async throws(StoreError)

    /// Notes that the file is used, so that it is kept for a full lifetime from now on.
    func touch(_ file: StoredFile) async throws(StoreError)

    /// Removes what was not used for a lifetime, what exceeds the budgets, and what broken uploads have left behind. Looks at a
    /// part of the store, and at the next one when it is called again, so that it never takes long.
    @discardableResult
    func sweep() async throws(StoreError) -> SweepResult

    /// The place of the file's bytes on this machine, for a web server that sends them itself; nil if they are elsewhere.
    func localPath(of file: StoredFile) -> LocalPath?

    /// The number of bytes of all files as it is known at once; nil where that takes asking somebody.
    var knownBytes: Int? { get }

    // MARK: Logs

    /// Appends an entry to a log, which the first entry makes.
    ///
    /// - Parameter index: the number of entries that the log has, as far as the caller knows.
    /// - Throws: `.conflict` if another one has appended an entry meanwhile.
    func append(_ entry: [UInt8], at index: Int, to log: LogID, of owner: StoreOwner) async throws(StoreError)

    /// Returns the entries of a log, the oldest first.
    ///
    /// - Throws: `.notFound` if there is no such log.
    func entries(of log: LogID, of owner: StoreOwner) async throws(StoreError) -> [[UInt8]]

    /// Removes a log. It is no error if there is none.
    func deleteLog(_ log: LogID, of owner: StoreOwner) async throws(StoreError)

    /// The secret that signs links, the same for all processes: the first one that asks makes it, and it is kept in the store.
    func linkSecret() async throws(StoreError) -> [UInt8]
}

/// A log of small entries, such as the answers that a program has received. Its id is its token: who knows it may read it.
package typealias LogID = StoreSessionID

/// What a look of a sweep has done.
package struct SweepResult: Equatable, Sendable {
    package var seen = 0
    package var removed = 0
    package var removedBytes = 0
    /// The files that stay, and their bytes.
    package var kept = 0
    package var keptBytes = 0
    /// Whether this look was the last one of its round.
    package var isComplete = false

    package init() {}
}

/// A file on this machine, below the store's folder.
package struct LocalPath: Equatable, Sendable {
    package let root: String
    package let relative: String

    package init(root: String, relative: String) {
        self.root = root
        self.relative = relative
    }

    package var absolute: String { "\(root)/\(relative)" }
}

/// Writes one new file. One task at a time makes calls.
package protocol FileWriter: AnyObject, Sendable {
    /// Appends bytes.
    ///
    /// - Throws: `.tooLarge` for the first byte beyond the limit, `.full`, `.unwritable`. The file can only be abandoned then.
    func write(_ piece: [UInt8]) async throws(StoreError)

    /// The number of bytes that were written.
    var count: Int { get }

    /// Makes the file appear. Nothing is written after that.
    ///
    /// - Parameter place: where it belongs.
    func commit(_ details: FileDetails, at place: StorePlace) async throws(StoreError) -> StoredFile

    /// Drops what was written. A writer that is let go without a commit does the same.
    func abandon() async
}

extension FileStore {
    /// Stores a file.
    ///
    /// - Parameters:
    ///   - beginning: its first bytes.
    ///   - pieces: the bytes after them, read once.
    /// - Throws: ``StoreError``, or what `pieces` throws. Nothing is kept then.
    package func create<Pieces: AsyncSequence>(
        _ details: FileDetails, at place: StorePlace, limit: Int, after beginning: [UInt8] = [], _ pieces: Pieces
    ) async throws -> StoredFile where Pieces.Element == [UInt8] {
        let writer = try await begin(at: place, limit: limit)
        do {
            if !beginning.isEmpty { try await writer.write(beginning) }
            for try await piece in pieces { try await writer.write(piece) }
            return try await writer.commit(details, at: place)
        } catch {
            await writer.abandon()
            throw error
        }
    }

    /// Stores a file that is in memory.
    package func create(
        _ details: FileDetails, at place: StorePlace, limit: Int = .max, bytes: [UInt8]
    ) async throws(StoreError) -> StoredFile {
        let writer = try await begin(at: place, limit: limit)
        do throws(StoreError) {
            try await writer.write(bytes)
            return try await writer.commit(details, at: place)
        } catch {
            await writer.abandon()
            throw error
        }
    }

    package func open(_ file: StoredFile) async throws(StoreError) -> StoredBytes { try await open(file, range: nil) }
}
