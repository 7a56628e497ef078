internal import FoundationEssentials
internal import Glibc
internal import System

/// The bytes of a file that is not there yet: a hidden file in the folder of its session.
///
/// One thread at a time uses it.
final class NewFile: Sendable {
    private let id: FileID
    private let owner: StoreOwner
    private let layout: DirectoryLayout
    private let file: OpenFile

    init(at place: StorePlace, _ layout: DirectoryLayout) throws(StoreError) {
        self.layout = layout
        owner = place.owner
        let id = FileID.random(in: place.session)
        self.id = id
        let path = layout.newBytes(id, of: place.owner)
        file = try Self.inFolder(place, layout) { () throws(SystemError) in
            try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL)
        }
    }

    func write(_ piece: [UInt8]) throws(StoreError) {
        try asStoreError { () throws(SystemError) in
            try Descriptor.write(piece[...], to: file.descriptor)
        }
    }

    /// Makes the file appear.
    func commit(_ sidecar: Sidecar, at place: StorePlace) throws(StoreError) -> StoredFile {
        let json = sidecar.json
        guard json.count < Sidecar.limit else { throw .detailsTooLong }
        let final = place == StorePlace(owner, id.session) ? id : FileID.random(in: place.session)
        let newSidecar = layout.newSidecar(final, of: place.owner)
        let (bytes, newBytes) = (layout.bytes(final, of: place.owner), layout.newBytes(final, of: place.owner))
        do throws(StoreError) {
            try asStoreError { () throws(SystemError) in try file.synchronize() }
            let text = try Self.inFolder(place, layout) { () throws(SystemError) in
                try OpenFile(newSidecar, O_WRONLY | O_CREAT | O_EXCL)
            }
            let changed = try asStoreError { () throws(SystemError) in
                try Descriptor.write(json[...], to: text.descriptor)
                try move(layout.newBytes(id, of: owner), to: bytes, through: newBytes)
                // From here on the file is there.
                try move(newSidecar, to: layout.sidecar(final, of: place.owner))
                return try text.status().st_mtim
            }
            return StoredFile(
                id: final, owner: place.owner, details: sidecar.details, size: sidecar.size, sha256: sidecar.sha256,
                created: sidecar.created, lastUsed: Date(changed))
        } catch {
            unlink(newSidecar)
            if final != id { unlink(newBytes) }
            unlink(bytes)
            throw error
        }
    }

    /// Removes what was written. It is no error if nothing is there.
    func remove() {
        unlink(layout.newBytes(id, of: owner))
        rmdir(layout.folder(StorePlace(owner, id.session)))
    }

    /// - Parameter neighbour: where a copy is made if the target is on another device.
    private func move(_ path: String, to target: String, through neighbour: String? = nil) throws(SystemError) {
        if rename(path, target) == 0 { return }
        guard errno == EXDEV, let neighbour else { throw .last("rename") }
        try copy(path, to: neighbour)
        try move(neighbour, to: target)
        unlink(path)
    }

    private func copy(_ path: String, to target: String) throws(SystemError) {
        let original = try OpenFile(path, O_RDONLY)
        let copy = try OpenFile(target, O_WRONLY | O_CREAT | O_EXCL)
        var offset = 0
        while true {
            let piece = try original.read(1 << 20, at: offset)
            guard !piece.isEmpty else { break }
            try Descriptor.write(piece[...], to: copy.descriptor)
            offset += piece.count
        }
        try copy.synchronize()
    }

    /// Makes something in the folder of a session, and the folder first if need be. A folder that is empty may be removed by others
    /// at any time.
    private static func inFolder(
        _ place: StorePlace, _ layout: DirectoryLayout, _ make: () throws(SystemError) -> OpenFile
    ) throws(StoreError) -> OpenFile {
        var attempts = 0
        while true {
            do throws(SystemError) {
                return try make()
            } catch {
                attempts += 1
                guard error.code == ENOENT, attempts < 10 else { throw StoreError(error) }
            }
            // The store's own folder is not made again: where it is gone, a disk is not mounted.
            try asStoreError { () throws(SystemError) in
                for folder in [layout.folder(of: place.owner), layout.folder(place)] {
                    guard mkdir(folder, Folders.mode) == 0 || errno == EEXIST else { throw .last("mkdir") }
                }
            }
        }
    }
}
