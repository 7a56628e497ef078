import E2B
import ImageGate
import Store

/// What a run has made, on its way from the workspace to the store.
///
/// Ordinary files are copied in pieces. Pictures go through the gate, and are stored with their own pixels and without anything
/// else; one that is refused is an ordinary file. What was displayed and is in no file becomes one.
struct WorkspaceOutputs: Sendable {
    private enum Copy: Sendable {
        case stored(StoredFile)
        /// Not stored yet.
        case picture([UInt8], ImageType, ByteBudget.Reservation)
        /// It was an input, and was written again as it was.
        case unchanged(WorkspaceInput)
    }

    private let call: ActionCall
    private let store: any FileStore
    private let place: StorePlace
    private let user: String?
    private let inputs: [WorkspaceName: WorkspaceInput]
    private var copies: [(name: WorkspaceName, copy: Copy)] = []
    /// Names that a new file cannot have.
    private var takenNames: Set<WorkspaceName>

    private(set) var files: [OutputFile] = []
    private(set) var skipped = SkippedFiles()
    /// Files that were to be stored.
    private(set) var attempted = 0
    /// Files that could not be stored.
    private(set) var failed = 0
    /// For the caller.
    private(set) var notes: [String] = []

    /// The largest number of files that a run hands over.
    static let limit = 10
    /// Bytes of a file: as many as LibreChat takes.
    static let sizeLimit = 150 << 20

    init(
        _ changes: WorkspaceChanges, _ listing: WorkspaceListing, inputs: [WorkspaceInput], to place: StorePlace,
        for user: String?, of store: any FileStore, _ call: ActionCall
    ) {
        self.call = call
        self.store = store
        self.place = place
        self.user = user
        self.inputs = Dictionary(inputs.map { ($0.name, $0) }) { $1 }
        takenNames = Set(listing.files.keys).union(inputs.map(\.name))
        files = changes.inherited.map { OutputFile(file: $0.file, name: $0.name, isInherited: true) }
        skipped.add(.path, count: listing.unnamed)
        skipped.add(.unreadable, count: listing.unreadable)
        if listing.isCut {
            notes.append("\(Workspace.path) has too many files: not all of them were looked at.")
        }
        for name in listing.tooDeep { skipped.add(.depth, name) }
    }

    // MARK: - While the sandbox is there

    /// Copies files out of the sandbox.
    ///
    /// - Parameters:
    ///   - names: the most important ones first.
    ///   - figures: the number of pictures that are in no file, which need places as well.
    mutating func copy(_ names: [WorkspaceName], _ listing: WorkspaceListing, beside figures: Int, in sandbox: Sandbox)
        async
    {
        var room = Self.limit
        // Beside a drawing is a picture of it, and figures come before what is no picture.
        var isPastPictures = false
        for name in names {
            let type = name.pictureType
            if type == nil, !isPastPictures {
                isPastPictures = true
                room -= min(room, figures)
            }
            guard room > 0 else {
                skipped.add(.maxFiles, name)
                continue
            }
            guard listing.files[name]?.size ?? 0 <= Self.sizeLimit else {
                skipped.add(.size, name)
                continue
            }
            if await copy(name, type, in: sandbox) { room -= type == .svg ? min(room, 2) : 1 }
        }
    }

    /// - Returns: whether it takes a place.
    private mutating func copy(_ name: WorkspaceName, _ type: ImageType?, in sandbox: Sandbox) async -> Bool {
        do {
            if let type, let copy = try await picture(name, type, in: sandbox) {
                copies.append((name, copy))
            } else {
                copies.append((name, try await ordinary(name, in: sandbox)))
            }
            return true
        } catch E2BError.notFound {
            // It has gone since the list was made.
            return false
        } catch E2BError.refused(_, let status, _) where status < 500 {
            skipped.add(.unreadable, name)
            return false
        } catch StoreError.tooLarge {
            skipped.add(.size, name)
            return false
        } catch {
            attempted += 1
            fail(name, error)
            return false
        }
    }

    /// Reads a picture into memory; nil if there is no room for it, or it is no picture whatever its name is.
    private func picture(_ name: WorkspaceName, _ type: ImageType, in sandbox: Sandbox) async throws -> Copy? {
        let room = call.limits.memory.reservation(for: call.owner)
        do throws(E2BError) {
            let bytes = try await call.client.read(
                name.path, limit: call.services.runner.pictureLimit, holding: room, in: sandbox)
            return .picture(bytes, type, room)
        } catch .tooLarge, .outOfMemory {
            return nil
        }
    }

    private func ordinary(_ name: WorkspaceName, in sandbox: Sandbox) async throws -> Copy {
        try await call.client.read(name.path, in: sandbox) { contents in
            let file = try await store.create(details(of: name), at: place, limit: Self.sizeLimit, contents)
            guard let input = inputs[name], input.file.size == file.size, input.file.sha256 == file.sha256 else {
                return .stored(file)
            }
            try? await store.delete(file.id, of: place.owner)
            return .unchanged(input)
        }
    }

    // MARK: - When the sandbox is not needed any more

    /// Stores the pictures, and those that are in no file.
    mutating func store(_ figures: [AdmittedImage]) async {
        var shown: [AdmittedImage] = []
        for (name, copy) in copies {
            switch copy {
            case .stored(let file):
                attempted += 1
                files.append(OutputFile(file: file, name: name, origin: inputs[name]?.file))
            case .unchanged(let input):
                files.append(OutputFile(file: input.file, name: name, isInherited: true))
            case .picture(let bytes, let type, let room):
                if let image = await storePicture(bytes, type, name) { shown.append(image) }
                withExtendedLifetime(room) {}
            }
        }
        copies = []
        var number = 0
        for figure in figures where await !isShown(figure, among: shown) {
            guard files.count(where: { !$0.isInherited }) < Self.limit else {
                skipped.add(.maxFiles, count: 1)
                continue
            }
            var name: WorkspaceName?
            repeat {
                number += 1
                name = WorkspaceName("figure-\(number).\(figure.type.fileExtension)")
            } while name.map(takenNames.contains) ?? false
            if let name { await store(figure.bytes, name, type: figure.type, isAdmitted: true) }
        }
    }

    /// - Returns: the picture as it may be shown; nil if it is an ordinary file.
    private mutating func storePicture(_ bytes: [UInt8], _ type: ImageType, _ name: WorkspaceName) async
        -> AdmittedImage?
    {
        let input = inputs[name]
        if let input, input.file.size == bytes.count, input.file.sha256 == SHA256Digest(of: bytes).hexadecimal {
            files.append(OutputFile(file: input.file, name: name, isInherited: true))
            return nil
        }
        let actual = ImageType.sniff(bytes) ?? type
        var image: AdmittedImage?
        do throws(ImageGateError) {
            let content =
                actual == .svg ? try call.secrets.checked(svg: String(decoding: bytes, as: UTF8.self)).get() : bytes
            image = try await call.services.runner.admit(content, actual, owner: call.owner, for: .asFiles)
        } catch {
            notes.append("\(name) is kept as a file, and not shown as a picture: \(error).")
        }
        guard let image else {
            await store(bytes, name, type: nil, isAdmitted: false)
            return nil
        }
        // A drawing stays one; the picture is beside it.
        if actual == .svg {
            await store(bytes, name, type: .svg, isAdmitted: false)
            guard files.count(where: { !$0.isInherited }) < Self.limit else {
                skipped.add(.maxFiles, count: 1)
                return image
            }
            let ending = image.type.fileExtension
            let names = [name.with(extension: ending), WorkspaceName("\(name).\(ending)")].compactMap(\.self)
            if let beside = names.first(where: { !takenNames.contains($0) }) {
                await store(image.bytes, beside, type: image.type, isAdmitted: true)
            }
            return image
        }
        // A file of another type would not be what its name says.
        let isItself = image.type == actual && image.treatment != .firstFrame(of: actual)
        await store(isItself ? image.bytes : bytes, name, type: actual, isAdmitted: isItself)
        return image
    }

    private mutating func store(_ bytes: [UInt8], _ name: WorkspaceName, type: ImageType?, isAdmitted: Bool) async {
        attempted += 1
        takenNames.insert(name)
        var details = details(of: name)
        if let type { details.contentType = type.mimeType }
        details.isAdmittedImage = isAdmitted
        do {
            let file = try await store.create(details, at: place, limit: Self.sizeLimit, bytes: bytes)
            files.append(OutputFile(file: file, name: name, origin: inputs[name]?.file))
        } catch {
            fail(name, error)
        }
    }

    private mutating func fail(_ name: WorkspaceName, _ error: any Error) {
        failed += 1
        switch error {
        case let error as StoreError: notes.append("\(name) is not kept. \(error)")
        case let error as E2BError: notes.append("\(name) is not kept. \(error)")
        // The only other error is CancellationError.
        default: notes.append("\(name) is not kept.")
        }
    }

    private func details(of name: WorkspaceName) -> FileDetails {
        FileDetails(name: name.text, contentType: ContentType.of(name.text), kind: .user, entity: user)
    }

    /// Whether a file has the same pixels: one of `images`, or an input.
    private func isShown(_ figure: AdmittedImage, among images: [AdmittedImage]) async -> Bool {
        let digest = inputs.isEmpty ? "" : SHA256Digest(of: figure.bytes).hexadecimal
        if inputs.values.contains(where: { $0.file.sha256 == digest }) { return true }
        if images.contains(where: { $0.bytes == figure.bytes }) { return true }
        let alike = images.filter { $0.width == figure.width && $0.height == figure.height }
        guard !alike.isEmpty, let likeness = await call.services.runner.likeness(of: figure, owner: call.owner) else {
            return false
        }
        for image in alike where await call.services.runner.likeness(of: image, owner: call.owner) == likeness {
            return true
        }
        return false
    }
}
