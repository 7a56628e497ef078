package import Store

/// Takes the form of an upload as it arrives, and keeps its files: `POST /v1/upload` and `POST /v1/upload/batch`.
///
/// To whom the files belong is said by text fields, which may come after them. So a file appears when the form has ended, or, if
/// many wait for that, when the next ones come. When the upload fails, none of its files stays.
package struct Upload: Sendable {
    /// A file of the form.
    private struct Item: Sendable {
        enum Content: Sendable {
            case open(any FileWriter, contentType: String?)
            case stored(StoredFile)
            case failed(StoreError)
            /// The name is too long.
            case unnameable
        }

        let name: String
        var content: Content
    }

    /// What the part is that arrives.
    private enum Current: Sendable {
        case field(String, value: [UInt8])
        case file(Int)
    }

    /// The number of whole files that wait for the end of the form. Each may hold an open file.
    private static let waitingLimit = 16

    private let store: any FileStore
    private let place: StorePlace
    private let limits: UploadLimits
    /// Whether a file that cannot be kept leaves the others alone.
    private let isBatch: Bool
    /// Returns the user for whom files are kept, when the form has named one.
    private let user: @Sendable (_ named: String?) -> String?

    private var parser: MultipartParser
    private var current: Current?
    private var fields: [String: String] = [:]
    private var fieldCount = 0
    private var items: [Item] = []
    /// The fields by which files have been kept already.
    private var keptFields: [String: String]?
    private var firstOpen = 0

    /// - Parameters:
    ///   - contentType: of the request.
    ///   - user: as above.
    /// - Throws: status 400 if the request has no form.
    package init(
        contentType: String?, to store: any FileStore, owner: StoreOwner, limits: UploadLimits = UploadLimits(),
        isBatch: Bool, user: @escaping @Sendable (_ named: String?) -> String?
    ) throws(CodeAPIFailure) {
        do throws(MultipartError) {
            parser = MultipartParser(
                try MultipartBoundary(contentType: contentType), partLimit: limits.files + limits.fields)
        } catch {
            throw CodeAPIFailure(status: 400, "\(error)")
        }
        self.store = store
        place = StorePlace(owner, .random())
        self.limits = limits
        self.isBatch = isBatch
        self.user = user
    }

    /// Takes the next piece of the body. After an error call ``abandon()``.
    package mutating func take(_ piece: consuming [UInt8]) async throws(UploadError) {
        parser.feed(piece)
        try await takeEvents()
    }

    /// The body has ended: keeps the files, and returns the answer. After an error call ``abandon()``.
    package mutating func finish() async throws(UploadError) -> UploadReply {
        parser.finish()
        try await takeEvents()
        guard !items.isEmpty else { throw .refused("There is no file in the form: a file's part has a filename.") }
        try await commit(through: items.count)
        return UploadReply(
            session: place.session, isBatch: isBatch,
            files: items.map { item in
                switch item.content {
                case .stored(let file): .stored(file.id, name: item.name)
                case .failed(let error): .failed(name: item.name, "\(error)")
                case .unnameable: .failed(name: item.name, Self.unnameable)
                case .open: .failed(name: item.name, "\(StoreError.cancelled)")
                }
            })
    }

    /// Removes what has been kept of the upload.
    package mutating func abandon() async {
        let items = items
        self.items = []
        let (store, owner) = (store, place.owner)
        // The request may have been cancelled, and what it has left behind has to go all the same.
        await Task {
            for item in items {
                switch item.content {
                case .open(let writer, _): await writer.abandon()
                case .stored(let file): try? await store.delete(file.id, of: owner)
                case .failed, .unnameable: break
                }
            }
        }.value
    }

    // MARK: - The form

    private mutating func takeEvents() async throws(UploadError) {
        while let event = try nextEvent() {
            switch event {
            case .part(let part): try await begin(part)
            case .content(let bytes): try await append(bytes)
            case .partEnd: try await endPart()
            }
        }
    }

    private mutating func nextEvent() throws(UploadError) -> MultipartParser.Event? {
        do throws(MultipartError) {
            return try parser.next()
        } catch {
            throw .refused("\(error)")
        }
    }

    private mutating func begin(_ part: MultipartPart) async throws(UploadError) {
        guard let filename = part.filename else {
            fieldCount += 1
            guard fieldCount <= limits.fields else { throw .refused("The form has more than \(limits.fields) fields.") }
            current = .field(part.name, value: [])
            return
        }
        guard items.count < limits.files else { throw .refused("The form has more than \(limits.files) files.") }
        current = .file(items.count)
        guard let name = FileName.made(safe: filename) else {
            guard isBatch else { throw .refused(Self.unnameable) }
            items.append(Item(name: String(filename.unicodeScalars.prefix(100)), content: .unnameable))
            return
        }
        do throws(StoreError) {
            let writer = try await store.begin(at: place, limit: limits.fileBytes)
            items.append(Item(name: name, content: .open(writer, contentType: part.contentType)))
        } catch {
            items.append(Item(name: name, content: .failed(error)))
            try check(error)
        }
    }

    private mutating func append(_ bytes: [UInt8]) async throws(UploadError) {
        switch current {
        case .field(let name, var value):
            // Taken out, so that the bytes are not copied for each piece.
            current = nil
            guard value.count + bytes.count <= limits.fieldBytes else {
                throw .refused("A field of the form is longer than \(limits.fieldBytes) bytes.")
            }
            value += bytes
            current = .field(name, value: value)
        case .file(let index):
            guard case .open(let writer, _) = items[index].content else { return }
            do throws(StoreError) {
                try await writer.write(bytes)
            } catch {
                await writer.abandon()
                items[index].content = .failed(error)
                try check(error)
            }
        case nil: break
        }
    }

    private mutating func endPart() async throws(UploadError) {
        if case .field(let name, let value) = current, let text = String(validating: value, as: UTF8.self) {
            // Of two fields of the same name the first counts.
            if fields[name] == nil { fields[name] = text }
        }
        current = nil
        if items.count - firstOpen > Self.waitingLimit { try await commit(through: firstOpen + 1) }
    }

    /// - Throws: the error, unless it leaves the other files of the upload alone.
    private func check(_ error: StoreError) throws(UploadError) {
        guard isBatch, error != .cancelled else { throw .store(error) }
    }

    private static let unnameable = "The name of the file is longer than \(FileName.longest) bytes."

    // MARK: - The files

    /// Keeps files, as the fields say that have come.
    private mutating func commit(through end: Int) async throws(UploadError) {
        let scope: FileScope?
        do throws(CodeAPIFailure) {
            scope = try FileScope { fields[$0] }
        } catch {
            throw .refused(error)
        }
        if let keptFields, keptFields != meaningfulFields {
            throw .refused("Fields that say to whom files belong must come before most of the files.")
        }
        keptFields = meaningfulFields
        let kind = scope?.kind ?? .user
        let named = fields["user_id"] ?? (kind == .user ? scope?.id : nil)
        let entity = kind == .user ? user(named) : scope?.id
        let isReadOnly = ["true", "1"].contains(fields["read_only"]?.lowercased())
        while firstOpen < end {
            let index = firstOpen
            firstOpen += 1
            guard case .open(let writer, let contentType) = items[index].content else { continue }
            let details = FileDetails(
                name: items[index].name, contentType: contentType ?? "application/octet-stream", kind: kind,
                entity: entity, version: scope?.version, isReadOnly: isReadOnly)
            do throws(StoreError) {
                items[index].content = .stored(try await writer.commit(details, at: place))
            } catch {
                items[index].content = .failed(error)
                try check(error)
            }
        }
    }

    private var meaningfulFields: [String: String] {
        fields.filter { ["kind", "id", "version", "entity_id", "user_id", "read_only"].contains($0.key) }
    }
}

extension UploadError {
    fileprivate static func refused(_ sentence: String) -> UploadError {
        .refused(CodeAPIFailure(status: 400, sentence))
    }
}
