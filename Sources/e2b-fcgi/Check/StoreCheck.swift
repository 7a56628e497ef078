import FoundationEssentials
import Glibc
import Responder
import Store

/// Whether a file can be written to the store, read from it and removed.
struct StoreCheck: ServiceCheck {
    let configuration: Configuration

    private static let subject = "store"

    func findings() async -> [Finding] {
        let place: String
        switch configuration.store.place {
        case .off: return [.skipped(Self.subject, "it is off (E2B_FCGI_STORE)")]
        case .bucket(let bucket): place = "s3://\(bucket.bucket)/\(bucket.prefix) at \(bucket.endpoint)"
        case .directory(let path): place = path
        case .firstOf(let paths):
            guard let path = paths.first(where: Storage.canBeWritten) else {
                return [
                    .warning(
                        Self.subject,
                        "no files are kept: this user can write neither of \(paths.joined(separator: ", ")). Name a folder in "
                            + "E2B_FCGI_STORE.")
                ]
            }
            place = path
        }
        if place.hasPrefix("/"), let objection = Self.objection(to: place) { return [objection] }
        return [
            await Finding.about(Self.subject) {
                let begin = ContinuousClock.now
                try await tryOut()
                return .ok(Self.subject, "\(place); a file was written, read and removed in \(begin.elapsed)")
            }
        ]
    }

    /// Why the folder is not tried: what root makes there the service could not change.
    private static func objection(to path: String) -> Finding? {
        var status = stat()
        let isThere = stat(path, &status) == 0
        if isThere, status.st_mode & S_IROTH != 0 {
            return .warning(
                subject, "\(path) can be read by every user of this machine: chmod o-rwx \(path); it was not tried")
        }
        guard geteuid() == 0, !isThere || status.st_uid != 0 else { return nil }
        return .skipped(
            subject,
            isThere
                ? "\(path) is another user's. As that user: runuser -u USER -- e2b-fcgi check"
                : "\(path) is not there yet; the service makes it")
    }

    private func tryOut() async throws {
        let storage: Storage?
        do throws(StoreError) {
            storage = try await Storage.open(configuration.store, connecting: configuration.connecting)
        } catch {
            throw Failure("\(error) \(error.reason ?? "")")
        }
        guard let store = storage?.store else { throw Failure("it cannot be opened.") }
        let owner = StoreOwner(hashing: "e2b-fcgi check")
        let bytes = Array("e2b-fcgi check \(UInt64.random(in: .min ... .max))".utf8)
        do throws(StoreError) {
            let file = try await store.create(
                FileDetails(name: "check.txt", contentType: "text/plain"), at: StorePlace(owner, .random()),
                bytes: bytes)
            let read: [UInt8]
            do throws(StoreError) {
                read = try await store.open(file).collect()
            } catch {
                try? await store.delete(file.id, of: owner)
                throw error
            }
            try await store.delete(file.id, of: owner)
            guard read == bytes else { throw .broken }
        } catch {
            throw Failure("\(error) \(error.reason ?? "")")
        }
    }
}
