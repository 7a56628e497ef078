import E2B
import FoundationEssentials
import ImageGate
import JSON
import Store
import System

/// Files that are copied to the store, and linked from there. The links work when the sandbox is gone.
extension ActionCall {
    /// Where shared files go; nil if nothing is kept, or the caller is given no links.
    private var sharing: (files: FileSharing, base: String)? {
        guard let files = services.sharing, let links else { return nil }
        return (files, links.base)
    }

    /// Whether links do not need the sandbox.
    var isSharing: Bool { sharing != nil }

    /// For how long a link to a picture works.
    var pictureLifetime: Duration { sharing?.files.pictureLifetime ?? ImageLink.lifetime }

    /// Copies a file of the sandbox, and makes a link to the copy. A picture goes through the gate, so that a browser may show it.
    ///
    /// - Returns: nil if nothing is kept.
    func share(_ path: String, for lifetime: Duration, in sandbox: Sandbox) async throws -> LinkToFileResult? {
        guard let (files, base) = sharing else { return nil }
        let room = limits.memory.reservation(for: owner)
        defer { withExtendedLifetime(room) {} }
        let name = Self.name(of: path)
        do {
            let file = try await client.read(path, in: sandbox) { contents in
                var iterator = contents.makeAsyncIterator()
                // As much as it takes to see what it is.
                var beginning: [UInt8] = []
                while beginning.count < Self.sniffedCount, let piece = try await iterator.next() { beginning += piece }
                if let type = ImageType.sniff(beginning), let length = contents.length, length <= limits.fileSize,
                    await room.grow(to: 2 * length)
                {
                    var bytes = beginning
                    bytes.reserveCapacity(length)
                    while let piece = try await iterator.next(), bytes.count <= length { bytes += piece }
                    return try await keep(bytes, type, named: name, files)
                }
                return try await files.store.create(
                    FileDetails(name: name), at: place, limit: files.limit, after: beginning, contents)
            }
            return link(to: file, for: lifetime, files, base)
        } catch let error as StoreError {
            throw error == .cancelled ? CancellationError() : InterpreterError.notShared(path, why: "\(error)")
        }
    }

    /// Keeps bytes of a picture, and makes a link to it.
    ///
    /// - Returns: nil if nothing is kept, or the store does not take it.
    func share(_ bytes: [UInt8], _ type: ImageType, named name: String) async -> LinkToFileResult? {
        guard let (files, base) = sharing else { return nil }
        do throws(StoreError) {
            return link(to: try await keep(bytes, type, named: name, files), for: files.pictureLifetime, files, base)
        } catch {
            return nil
        }
    }

    /// Keeps images that the gate has admitted for an answer, where the answer is to have links in their place.
    ///
    /// - Returns: a link for each; nil for one that the store does not take, or for each if the answer has the images.
    func links(inPlaceOf images: [AdmittedImage]) async -> [LinkToFileResult?] {
        guard links?.linksImages == true, let (files, base) = sharing else { return images.map { _ in nil } }
        var made: [LinkToFileResult?] = []
        for (index, image) in images.enumerated() {
            let details = FileDetails(
                name: "image-\(index + 1).\(image.type.fileExtension)", contentType: image.type.mimeType,
                isAdmittedImage: true)
            let bytes = image.type == .svg ? secrets.redacted(image.bytes) : image.bytes
            let file = try? await files.store.create(details, at: place, bytes: bytes)
            made.append(file.map { link(to: $0, for: files.pictureLifetime, files, base) })
        }
        return made
    }

    private func keep(
        _ bytes: [UInt8], _ type: ImageType, named name: String, _ files: FileSharing
    ) async throws(StoreError) -> StoredFile {
        var details = FileDetails(name: name)
        var kept = bytes
        do throws(ImageGateError) {
            var content = bytes
            if type == .svg { content = try secrets.checked(svg: String(decoding: bytes, as: UTF8.self)).get() }
            let image = try await services.runner.admitWhole(content, type, owner: owner)
            kept = image.bytes
            details.contentType = image.type.mimeType
            details.isAdmittedImage = true
        } catch {
            // It stays a file, which a browser saves and does not show.
        }
        return try await files.store.create(details, at: place, limit: files.limit, bytes: kept)
    }

    private func link(
        to file: StoredFile, for lifetime: Duration, _ files: FileSharing, _ base: String
    ) -> LinkToFileResult {
        let end = LinkToFileResult.end(after: min(lifetime, files.longestLifetime))
        let token = files.signer.token(for: file.id, of: file.owner, expires: end)
        return LinkToFileResult(
            url: "\(base)/\(token)/\(PercentEncoding.encode(Self.name(of: file.details.name)))", endsAt: end)
    }

    private var place: StorePlace {
        StorePlace(StoreOwner(hashing: owner), StoreSessionID(hashing: "shared\n\(owner)\n\(id)"))
    }

    private static let sniffedCount = 4096

    private static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "file" }
}
