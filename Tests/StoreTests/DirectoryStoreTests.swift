import FoundationEssentials
import Glibc
import Store
import TestSupport
import Testing

/// What the store in a folder does beyond ``FileStoreTests``: what is on the disk, and what a disk does to it.
@Suite(.timeLimit(.minutes(2)))
struct DirectoryStoreTests {
    private let folder: TemporaryFolder
    private let threads: FileThreads
    private let owner = StoreOwner(hashing: "a key")
    private var place: StorePlace { StorePlace(owner, .random()) }

    init() throws {
        // In memory, where flushing takes no time.
        folder = try TemporaryFolder(in: "/dev/shm")
        threads = try FileThreads(count: 2)
    }

    private func makeStore(
        _ limits: StoreLimits = StoreLimits(sweepPause: .zero)
    ) throws -> DirectoryStore { try DirectoryStore(root: folder.path, limits: limits, threads: threads) }

    /// Every path in the store's folder, without the store's own files.
    private var paths: [String] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { !$0.hasSuffix(".usage") && !$0.hasSuffix(".lock") && $0 != ".sweep" }
    }

    private func setAge(_ hours: Int, of path: String) {
        let time = timespec(tv_sec: time(nil) - hours * 3600, tv_nsec: 0)
        #expect(utimensat(AT_FDCWD, path, [time, time], 0) == 0)
    }

    private func sidecar(_ file: StoredFile) -> String {
        "\(folder.path)/\(file.owner)/\(file.session)/\(file.id).json"
    }

    // MARK: What is on the disk

    @Test(arguments: [
        "../../etc/passwd", "/etc/passwd", "a\u{0}b", "a\nb", "%2e%2e", String(repeating: "ö", count: 150), "日本語.csv",
        "e\u{301}.csv", "é.csv", "🎈", "con", ".hidden", "A.csv", "a.csv", "",
    ])
    func `no name is a part of a path`(name: String) async throws {
        let store = try makeStore()
        let file = try await store.create(FileDetails(name: name), at: place, bytes: [1])
        #expect(
            Set(paths) == [
                owner.text, "\(owner)/\(file.session)", "\(owner)/\(file.session)/\(file.id)",
                "\(owner)/\(file.session)/\(file.id).json",
            ])
        let found = try await store.file(file.id, of: owner)
        #expect(Array(found.details.name.utf8) == Array(name.utf8))
    }

    @Test func `a name that is far too long is refused`() async throws {
        let store = try makeStore()
        let details = FileDetails(name: String(repeating: "a", count: 40_000))
        await #expect(throws: StoreError.detailsTooLong) { try await store.create(details, at: place, bytes: [1]) }
        #expect(paths.filter { $0 != owner.text } == [])
    }

    @Test func `a web server finds the bytes on this machine`() async throws {
        let store = try makeStore()
        let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(1000))
        let path = try #require(store.localPath(of: file))
        #expect(path.absolute == "\(folder.path)/\(path.relative)")
        #expect(FileManager.default.contents(atPath: path.absolute) == Data(someBytes(1000)))
    }

    @Test func `nobody else reads the links' secret`() async throws {
        let store = try makeStore()
        let secret = try await store.linkSecret()
        var status = stat()
        #expect(stat("\(folder.path)/.link-secret", &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(try await makeStore().linkSecret() == secret)
    }

    @Test func `two stores on one folder are one`() async throws {
        let (one, other) = (try makeStore(), try makeStore())
        let file = try await one.create(FileDetails(name: "file"), at: place, bytes: someBytes(10))
        #expect(try await other.file(file.id, of: owner).sha256 == file.sha256)
        try await other.delete(file.id, of: owner)
        await #expect(throws: StoreError.notFound) { try await one.file(file.id, of: owner) }
    }

    // MARK: Cut short

    /// What is on the disk after each step of a commit and of a removal, if the process is killed there.
    enum Step: CaseIterable {
        case beganBytes, wroteBytes, beganSidecar, wroteSidecar, movedBytes
        case removedSidecar
    }

    @Test(arguments: Step.allCases)
    func `what a killed process leaves is never seen, and swept`(step: Step) async throws {
        let store = try makeStore()
        let place = place
        let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(1000))
        let base = "\(folder.path)/\(owner)/\(file.session)"
        let (bytes, sidecar) = ("\(base)/\(file.id)", "\(base)/\(file.id).json")
        let (newBytes, newSidecar) = ("\(base)/.\(file.id).new", "\(base)/.\(file.id).json.new")
        // The steps are undone from the last one on.
        switch step {
        case .removedSidecar: _ = unlink(sidecar)
        case .movedBytes: _ = rename(sidecar, newSidecar)
        case .wroteSidecar, .beganSidecar:
            _ = rename(sidecar, newSidecar)
            _ = rename(bytes, newBytes)
            if step == .beganSidecar { _ = truncate(newSidecar, 10) }
        case .wroteBytes, .beganBytes:
            _ = unlink(sidecar)
            _ = rename(bytes, newBytes)
            if step == .beganBytes { _ = truncate(newBytes, 10) }
        }
        await #expect(throws: StoreError.notFound) { try await store.file(file.id, of: owner) }
        await #expect(throws: StoreError.notFound) { try await store.delete(file.id, of: owner) }
        #expect(try await store.files(in: file.session, of: owner).isEmpty)

        // It may be somebody's who is still at it.
        try await store.sweep()
        #expect(paths.count >= 3)
        try await makeStore(StoreLimits(sweepPause: .zero, patience: .zero)).sweep()
        try await store.sweep()
        #expect(paths == [])
    }

    @Test func `a sidecar that a power cut has emptied is no file`() async throws {
        let store = try makeStore()
        let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(1000))
        _ = truncate(sidecar(file), 0)
        await #expect(throws: StoreError.notFound) { try await store.file(file.id, of: owner) }
        #expect(try await store.files(in: file.session, of: owner).isEmpty)
    }

    @Test func `bytes that a power cut has shortened are no file`() async throws {
        let store = try makeStore()
        let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(1000))
        _ = truncate("\(folder.path)/\(owner)/\(file.session)/\(file.id)", 999)
        await #expect(throws: StoreError.notFound) { try await store.file(file.id, of: owner) }
        #expect(try await store.files(in: file.session, of: owner).isEmpty)
    }

    @Test func `a file that loses bytes while it is read is damaged`() async throws {
        let store = try makeStore()
        let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(1_000_000))
        let contents = try await store.open(file)
        _ = truncate("\(folder.path)/\(owner)/\(file.session)/\(file.id)", 500_000)
        await #expect(throws: StoreError.broken) { try await contents.collect() }
    }

    // MARK: Disks

    @Test(.enabled(if: geteuid() != 0, "root writes everywhere"))
    func `a folder that is read-only is named`() async throws {
        let store = try makeStore()
        let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(10))
        chmod("\(folder.path)/\(owner)", 0o500)
        chmod("\(folder.path)/\(owner)/\(file.session)", 0o500)
        chmod(folder.path, 0o500)
        defer {
            chmod(folder.path, 0o700)
            chmod("\(folder.path)/\(owner)", 0o700)
            chmod("\(folder.path)/\(owner)/\(file.session)", 0o700)
        }
        let place = place
        for place in [place, StorePlace(StoreOwner(hashing: "new"), .random()), StorePlace(owner, file.session)] {
            let error = await #expect(throws: StoreError.self) {
                try await store.create(FileDetails(name: "file"), at: place, bytes: [1])
            }
            guard case .unwritable = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        let error = await #expect(throws: StoreError.self) { try await store.delete(file.id, of: owner) }
        guard case .unwritable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await store.open(store.file(file.id, of: owner)).collect() == someBytes(10))
        #expect(throws: StoreError.self) { try makeStore() }
    }

    /// Runs `body` with a disk of 256 KiB at the store's folder.
    private func withSmallDisk(_ body: (_ setReadOnly: () async throws -> Void) async throws -> Void) async throws {
        func run(_ program: String, _ arguments: [String]) async throws {
            let process = try await ChildProcess(Binaries.system(program), arguments, in: URL(filePath: "/tmp"))
            #expect(await process.ended() == .status(0), "\(process.log)")
        }
        try await run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder.path])
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await body { try await run("mount", ["-o", "remount,ro", folder.path]) })
        } catch {
            result = .failure(error)
        }
        try await run("umount", ["-l", folder.path])
        try result.get()
    }

    @Test(.enabled(if: geteuid() == 0, "only root mounts disks"))
    func `a full disk is named, and leaves nothing half`() async throws {
        try await withSmallDisk { _ in
            let store = try makeStore()
            let kept = try await store.create(FileDetails(name: "kept"), at: place, bytes: someBytes(100_000))
            let place = place
            for count in [1_000_000, 200_000] {
                await #expect(throws: StoreError.full) {
                    try await store.create(
                        FileDetails(name: "large"), at: place, limit: .max,
                        Pieces(bytes: someBytes(count), size: 50_000))
                }
                let files = try await store.files(in: place.session, of: owner)
                #expect(files.isEmpty && !paths.contains { $0.contains(place.session.text) })
            }
            let bytes = try await store.open(store.file(kept.id, of: owner)).collect()
            #expect(bytes == someBytes(100_000))
            // There is room again.
            try await store.delete(kept.id, of: owner)
            let next = try await store.create(FileDetails(name: "next"), at: place, bytes: someBytes(150_000))
            #expect(next.size == 150_000)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root mounts disks"))
    func `a disk that becomes read-only is named, and read`() async throws {
        try await withSmallDisk { setReadOnly in
            let store = try makeStore()
            let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(1000))
            try await setReadOnly()
            let place = place
            for attempt in 0..<4 {
                let error = await #expect(throws: StoreError.self) {
                    switch attempt {
                    case 0: _ = try await store.create(FileDetails(name: "other"), at: place, bytes: [1])
                    case 1: try await store.delete(file.id, of: owner)
                    case 2: try await store.touch(file)
                    default: _ = try await store.sweep()
                    }
                }
                guard case .unwritable = error else {
                    Issue.record("\(attempt): \(String(describing: error))")
                    continue
                }
            }
            let bytes = try await store.open(store.file(file.id, of: owner)).collect()
            #expect(bytes == someBytes(1000))
        }
    }

    @Test func `a folder that cannot be made is named`() throws {
        try Data().write(to: URL(filePath: "\(folder.path)/file"))
        #expect(throws: StoreError.self) {
            try DirectoryStore(root: "\(folder.path)/file/store", threads: threads)
        }
    }

    @Test func `a store may be on another device than its parent`() async throws {
        let elsewhere = try TemporaryFolder()
        let path = "\(folder.path)/link"
        #expect(symlink(elsewhere.path, path) == 0)
        let store = try DirectoryStore(root: path, threads: threads)
        let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(1000))
        #expect(try await store.open(store.file(file.id, of: owner)).collect() == someBytes(1000))
    }

    @Test func `a file moves to an owner whose folder is on another device`() async throws {
        let elsewhere = try TemporaryFolder()
        let other = StoreOwner(hashing: "another key")
        #expect(symlink(elsewhere.path, "\(folder.path)/\(other)") == 0)
        let store = try makeStore()
        let writer = try await store.begin(at: place, limit: .max)
        try await writer.write(someBytes(3_000_000))
        let file = try await writer.commit(FileDetails(name: "file"), at: StorePlace(other, .random()))
        #expect(try await store.open(store.file(file.id, of: other)).collect() == someBytes(3_000_000))
        #expect(!paths.contains { $0.hasSuffix(".new") })
    }

    // MARK: Budgets and time

    @Test func `the file that was not used for the longest time makes room`() async throws {
        let store = try makeStore(StoreLimits(ownerBytes: 3500, fileOverhead: 0))
        let files = try await files(3, in: store)
        for (file, hours) in zip(files, [2, 3, 1]) { setAge(hours, of: sidecar(file)) }
        let last = try await store.create(FileDetails(name: "last"), at: place, bytes: someBytes(1000))
        await #expect(throws: StoreError.notFound) { try await store.file(files[1].id, of: owner) }
        for file in [files[0], files[2], last] { #expect(try await store.file(file.id, of: owner).size == 1000) }
    }

    @Test func `a use makes a file young`() async throws {
        let store = try makeStore(StoreLimits(ownerBytes: 2500, fileOverhead: 0))
        let files = try await files(2, in: store)
        for (file, hours) in zip(files, [3, 2]) { setAge(hours, of: sidecar(file)) }
        try await store.touch(files[0])
        #expect(try await store.file(files[0].id, of: owner).lastUsed > Date.now - 60)
        _ = try await store.create(FileDetails(name: "last"), at: place, bytes: someBytes(1000))
        #expect(try await store.file(files[0].id, of: owner).size == 1000)
        await #expect(throws: StoreError.notFound) { try await store.file(files[1].id, of: owner) }
    }

    @Test func `one owner's files do not make room for another's share`() async throws {
        let store = try makeStore(StoreLimits(ownerBytes: 2500, fileOverhead: 0))
        let kept = try await files(2, in: store)
        let other = StoreOwner(hashing: "another key")
        for _ in 0..<4 {
            _ = try await store.create(
                FileDetails(name: "file"), at: StorePlace(other, .random()), bytes: someBytes(1000))
        }
        for file in kept { #expect(try await store.file(file.id, of: owner).size == 1000) }
    }

    @Test func `the whole store has a budget, too`() async throws {
        let store = try makeStore(StoreLimits(bytes: 3500, ownerBytes: 3500, fileOverhead: 0))
        let old = try await files(2, in: store)
        for file in old { setAge(2, of: sidecar(file)) }
        let other = StoreOwner(hashing: "another key")
        for _ in 0..<3 {
            _ = try await store.create(
                FileDetails(name: "file"), at: StorePlace(other, .random()), bytes: someBytes(1000))
        }
        for file in old {
            await #expect(throws: StoreError.notFound) { try await store.file(file.id, of: owner) }
        }
    }

    @Test func `files without bytes count, too`() async throws {
        let store = try makeStore(StoreLimits(ownerBytes: 3 * 4096, sweepPause: .zero))
        var files: [StoredFile] = []
        for age in [3, 2, 1] {
            files.append(try await store.create(FileDetails(name: "empty"), at: place, bytes: []))
            setAge(age, of: sidecar(files[files.count - 1]))
        }
        // A sweep counts what is there, and must find the same.
        #expect(try await store.sweep().isComplete)
        #expect(store.knownBytes == 3 * 4096)
        files.append(try await store.create(FileDetails(name: "empty"), at: place, bytes: []))
        await #expect(throws: StoreError.notFound) { try await store.file(files[0].id, of: owner) }
        for file in files.dropFirst(2) { #expect(try await store.file(file.id, of: owner).size == 0) }
        for file in files.dropFirst() { try? await store.delete(file.id, of: owner) }
        #expect(store.knownBytes == 0)
    }

    @Test func `a file larger than the budget is refused, and costs nobody a file`() async throws {
        let store = try makeStore(StoreLimits(ownerBytes: 2500, fileOverhead: 0))
        let files = try await files(2, in: store)
        await #expect(throws: StoreError.overBudget(limit: 2500)) {
            try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(2501))
        }
        for file in files { #expect(try await store.file(file.id, of: owner).size == 1000) }
        _ = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(2500))
    }

    @Test func `deleted files take nothing of the budget`() async throws {
        let store = try makeStore(StoreLimits(ownerBytes: 2500, fileOverhead: 0))
        let kept = try await files(1, in: store)
        for _ in 0..<10 {
            let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(1000))
            try await store.delete(file.id, of: owner)
        }
        #expect(try await store.file(kept[0].id, of: owner).size == 1000)
    }

    @Test func `a sweep removes what was not used for a lifetime, and nothing else`() async throws {
        let store = try makeStore()
        let files = try await files(4, in: store)
        for (file, hours) in zip(files, [47, 49, 1, 1000]) { setAge(hours, of: sidecar(file)) }
        let (young, old) = (LogID.random(), LogID.random())
        for log in [young, old] { try await store.append([1, 2], at: 0, to: log, of: owner) }
        setAge(49, of: "\(folder.path)/\(owner)/\(old).log")
        let result = try await store.sweep()
        #expect(result.isComplete && result.removed == 3 && result.removedBytes == 2002)
        for file in [files[0], files[2]] { #expect(try await store.file(file.id, of: owner).size == 1000) }
        for file in [files[1], files[3]] {
            await #expect(throws: StoreError.notFound) { try await store.file(file.id, of: owner) }
            #expect(!paths.contains { $0.contains(file.session.text) })
        }
        #expect(try await store.entries(of: young, of: owner) == [[1, 2]])
        await #expect(throws: StoreError.notFound) { try await store.entries(of: old, of: owner) }
    }

    @Test func `a sweep removes what a broken upload has left, when nobody can be at it any more`() async throws {
        let store = try makeStore()
        let file = try await files(1, in: store)[0]
        let folder = "\(self.folder.path)/\(owner)/\(file.session)"
        let name = ".\(FileID.random(in: file.session)).new"
        try Data(someBytes(10)).write(to: URL(filePath: "\(folder)/\(name)"))
        try await store.sweep()
        #expect(paths.contains { $0.hasSuffix(name) })
        try await makeStore(StoreLimits(sweepPause: .zero, patience: .zero)).sweep()
        #expect(!paths.contains { $0.hasSuffix(name) })
        #expect(try await store.file(file.id, of: owner).size == 1000)
    }

    @Test func `an owner without files leaves nothing`() async throws {
        let store = try makeStore()
        for file in try await files(3, in: store) { setAge(49, of: sidecar(file)) }
        try await store.sweep()
        try await store.sweep()
        #expect(paths == [])
    }

    @Test func `a download goes on while its file is swept`() async throws {
        let store = try makeStore()
        let bytes = someBytes(1_000_000)
        let file = try await store.create(FileDetails(name: "file"), at: place, bytes: bytes)
        let contents = try await store.open(file)
        var iterator = contents.makeAsyncIterator()
        var read = try await iterator.next() ?? []
        setAge(49, of: sidecar(file))
        #expect(try await store.sweep().removed == 1)
        while let piece = try await iterator.next() { read += piece }
        #expect(read == bytes)
    }

    @Test func `a sweep looks at a part at a time, and puts the counters right`() async throws {
        let store = try makeStore(StoreLimits(bytes: 100_000, ownerBytes: 100_000, fileOverhead: 0, sweepPause: .zero))
        for _ in 0..<5 {
            let owner = StoreOwner(hashing: "\(UInt64.random(in: .min ... .max))")
            for _ in 0..<300 {
                _ = try await store.create(FileDetails(name: "file"), at: StorePlace(owner, .random()), bytes: [1, 2])
            }
        }
        // Killed processes leave wrong numbers.
        for path in paths where !path.contains("/") && !path.hasPrefix(".") {
            try Data("90000".utf8).write(to: URL(filePath: "\(folder.path)/\(path)/.usage"))
        }
        try Data("90000".utf8).write(to: URL(filePath: "\(folder.path)/.usage"))
        var looks = 0
        var seen = 0
        // Whichever process looks next goes on.
        while looks < 100 {
            let result = try await makeStore(StoreLimits(fileOverhead: 0, sweepPause: .zero)).sweep()
            looks += 1
            seen += result.seen
            #expect(result.seen < 2100)
            if result.isComplete { break }
        }
        #expect(looks > 1 && looks < 10)
        #expect(seen >= 1500)
        let total = FileManager.default.contents(atPath: "\(folder.path)/.usage").map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(total.flatMap { Int($0) } == 3000)
    }

    @Test func `only the first of many processes sweeps for a while`() async throws {
        let store = try makeStore(StoreLimits(sweepPause: .seconds(600)))
        let file = try await files(1, in: store)[0]
        #expect(try await store.sweep().seen > 0)
        setAge(49, of: sidecar(file))
        #expect(try await store.sweep().seen == 0)
    }

    private func files(_ count: Int, in store: DirectoryStore) async throws -> [StoredFile] {
        var files: [StoredFile] = []
        for number in 0..<count {
            files.append(try await store.create(FileDetails(name: "\(number)"), at: place, bytes: someBytes(1000)))
        }
        return files
    }
}
