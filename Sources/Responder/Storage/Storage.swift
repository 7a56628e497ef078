package import Fetch
import FoundationEssentials
import Glibc
import Interpreter
package import Store
import Synchronization
import System

/// The store of this process, with what makes links to its files.
package final class Storage: Sendable {
    package let store: any FileStore
    let signer: LinkSigner
    let settings: StoreSettings
    private let swept = Mutex(Usage())

    /// What is kept. nil: it is not known.
    struct Usage: Sendable {
        /// As the last round of the sweep has found it, if this process has made one.
        var files: Int?
        var bytes: Int?
    }

    init(_ store: any FileStore, signer: LinkSigner, settings: StoreSettings) {
        self.store = store
        self.signer = signer
        self.settings = settings
    }

    /// Opens the store that the operator has chosen.
    ///
    /// - Parameters:
    ///   - connecting: how to connect to a service that keeps the files.
    ///   - notice: gets a sentence for the log if nothing is kept although nobody has said so.
    /// - Returns: nil if nothing is kept.
    /// - Throws: ``StoreError`` if a store that was chosen cannot be used.
    package static func open(
        _ settings: StoreSettings, connecting: FetchConfiguration = FetchConfiguration(),
        notice: @Sendable (String) -> Void = { _ in }
    ) async throws(StoreError) -> Storage? {
        let store: any FileStore
        switch settings.place {
        case .off: return nil
        case .directory(let path): store = try directory(path, settings)
        case .bucket(let bucket): store = try await self.bucket(bucket, settings, connecting)
        case .firstOf(let paths):
            guard let path = paths.first(where: canBeWritten) else {
                notice(
                    "no files are kept: \(paths.joined(separator: " and ")) cannot be written; E2B_FCGI_STORE names another folder"
                )
                return nil
            }
            store = try directory(path, settings)
        }
        return Storage(store, signer: try await signer(settings, store), settings: settings)
    }

    /// The same store, with other settings of links to its files.
    package func changed(to settings: StoreSettings) async throws(StoreError) -> Storage {
        Storage(store, signer: try await Self.signer(settings, store), settings: settings)
    }

    private static func signer(
        _ settings: StoreSettings, _ store: any FileStore
    ) async throws(StoreError) -> LinkSigner {
        if let given = settings.linkSecret { return LinkSigner(secret: Array(given.utf8)) }
        return LinkSigner(secret: try await store.linkSecret())
    }

    private static func directory(_ path: String, _ settings: StoreSettings) throws(StoreError) -> DirectoryStore {
        let threads: FileThreads
        do throws(SystemError) {
            threads = try FileThreads()
        } catch {
            throw .failed(call: error.call, reason: error.words)
        }
        return try DirectoryStore(root: path, limits: settings.limits, threads: threads)
    }

    /// The connections of each of its pools to a service that keeps the files: further requests wait.
    package static let connectionLimit = 128

    private static func bucket(
        _ bucket: S3Configuration, _ settings: StoreSettings, _ connecting: FetchConfiguration
    ) async throws(StoreError) -> S3Store {
        var connecting = connecting
        connecting.connectionLimit = connectionLimit
        let fetcher: Fetcher
        do throws(FetchError) {
            fetcher = try Fetcher(connecting)
        } catch {
            throw .failed(call: "S3", reason: "\(error)")
        }
        let store = S3Store(bucket, limits: settings.limits, fetcher: fetcher)
        try await store.check()
        return store
    }

    /// Whether a folder can be written, or made in the nearest folder above it that is there.
    package static func canBeWritten(_ path: String) -> Bool {
        var path = Substring(path)
        while access(String(path), F_OK) != 0, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            path = path[..<slash]
        }
        var status = stat()
        return stat(String(path), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && access(String(path), W_OK | X_OK) == 0
    }

    // MARK: Use

    /// What actions need in order to share files.
    var sharing: FileSharing {
        FileSharing(
            store, signer: signer, pictureLifetime: settings.linkLifetime, longestLifetime: settings.limits.lifetime,
            limit: settings.shareLimit)
    }

    /// Notes that a file is used, unless that was noted a while ago.
    func touchIfDue(_ file: StoredFile) async throws(StoreError) {
        guard file.lastUsed.timeIntervalSinceNow < -Self.touchPause else { return }
        try await store.touch(file)
    }

    /// Seconds, little beside the shortest lifetime.
    private static let touchPause = 600.0

    var usage: Usage {
        var usage = swept.withLock { $0 }
        if let bytes = store.knownBytes { usage.bytes = bytes }
        return usage
    }

    // MARK: Sweeping

    /// The time between two looks of a round of the sweep, and after a round.
    private static let pauses = (look: Duration.seconds(5), round: Duration.seconds(600))

    /// Sweeps from time to time, until the task is cancelled.
    package func keepSweeping(notice: @Sendable (String) -> Void) async {
        var lastProblem: String?
        // Looks of other processes are missing in it, which is better than no number.
        var round = Usage(files: 0, bytes: 0)
        while !Task.isCancelled {
            var pause = Self.pauses.look
            do throws(StoreError) {
                let result = try await store.sweep()
                round.files = (round.files ?? 0) + result.kept
                round.bytes = (round.bytes ?? 0) + result.keptBytes
                if result.isComplete {
                    pause = Self.pauses.round
                    // Where another process has made the round, nothing was looked at.
                    if round.files != 0 || result.seen > 0 { swept.withLock { [round] in $0 = round } }
                    round = Usage(files: 0, bytes: 0)
                }
                lastProblem = nil
            } catch {
                // Said once, and not every ten minutes.
                let problem = "the store cannot be swept: \(error.reason ?? "\(error)")"
                if problem != lastProblem { notice(problem) }
                lastProblem = problem
                pause = Self.pauses.round
            }
            try? await Task.sleep(for: pause)
        }
    }

    /// A short look, for a process that answers one request alone.
    package func sweepOnce() async { _ = try? await store.sweep() }
}
