import FoundationEssentials
import Store
import Testing

/// What every store promises, whatever keeps its files.
@Suite(.timeLimit(.minutes(5)), .sharedSeaweedFS)
struct FileStoreTests {
    private let owner = StoreOwner(hashing: "a key")
    private let other = StoreOwner(hashing: "another key")
    private var place: StorePlace { StorePlace(owner, .random()) }

    @Test(arguments: Backend.allCases)
    func `a file comes back with its bytes and all that was said of it`(backend: Backend) async throws {
        let details = FileDetails(
            name: "données/\u{0} \"\n.csv", contentType: "text/csv", kind: .skill, entity: "42", version: "3",
            isReadOnly: true, isAdmittedImage: true)
        try await backend.withStore { store in
            let bytes = someBytes(1_000_003)
            let place = place
            let made = try await store.create(
                details, at: place, limit: bytes.count, Pieces(bytes: bytes, size: 70_001))
            #expect(made.size == bytes.count)
            #expect(made.sha256 == SHA256Digest(of: bytes).hexadecimal)
            #expect(made.session == place.session)
            #expect(abs(made.created.timeIntervalSinceNow) < 60)

            let found = try await store.file(made.id, of: owner)
            #expect(found.details == details)
            #expect(found.size == made.size && found.sha256 == made.sha256 && found.session == place.session)
            #expect(abs(found.created.timeIntervalSince(made.created)) < 1)
            #expect(try await store.open(found).collect() == bytes)
        }
    }

    @Test(arguments: Backend.allCases)
    func `an empty file is a file`(backend: Backend) async throws {
        try await backend.withStore { store in
            let made = try await store.create(FileDetails(name: "empty"), at: place, limit: 0, bytes: [])
            let found = try await store.file(made.id, of: owner)
            #expect(found.size == 0)
            #expect(try await store.open(found).collect() == [])
        }
    }

    @Test(arguments: Backend.allCases, [0..<1, 999_999..<1_000_000, 262_143..<262_146, 5..<5, 0..<1_000_000])
    func `a part of a file is read alone`(backend: Backend, range: Range<Int>) async throws {
        try await backend.withStore { store in
            let bytes = someBytes(1_000_000)
            let file = try await store.create(FileDetails(name: "file"), at: place, bytes: bytes)
            let part = try await store.open(file, range: range)
            #expect(part.length == range.count)
            #expect(try await part.collect() == Array(bytes[range]))
        }
    }

    @Test(arguments: Backend.allCases, [-1, 0, 1])
    func `a file of the limit is kept, and not one byte more`(backend: Backend, excess: Int) async throws {
        let limit = 300_000
        try await backend.withStore { store in
            let pieces = Pieces(bytes: someBytes(limit + excess), size: 65_536)
            let place = place
            if excess > 0 {
                await #expect(throws: StoreError.tooLarge(limit: limit)) {
                    try await store.create(FileDetails(name: "file"), at: place, limit: limit, pieces)
                }
            } else {
                let file = try await store.create(FileDetails(name: "file"), at: place, limit: limit, pieces)
                #expect(file.size == limit + excess)
            }
            #expect(try await store.files(in: place.session, of: owner).count == (excess > 0 ? 0 : 1))
        }
    }

    @Test(arguments: Backend.allCases)
    func `an upload that ends early leaves nothing`(backend: Backend) async throws {
        try await backend.withStore { store in
            let place = place
            let pieces = Pieces(bytes: someBytes(600_000), size: 100_000, error: .init())
            await #expect(throws: Pieces.PieceError()) {
                try await store.create(FileDetails(name: "file"), at: place, limit: .max, pieces)
            }
            let files = try await store.files(in: place.session, of: owner)
            #expect(files.isEmpty)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a file is not there before it is committed`(backend: Backend) async throws {
        try await backend.withStore { store in
            let place = place
            let writer = try await store.begin(at: place, limit: .max)
            try await writer.write(someBytes(600_000))
            #expect(try await store.files(in: place.session, of: owner).isEmpty)
            let file = try await writer.commit(FileDetails(name: "file"), at: place)
            #expect(try await store.files(in: place.session, of: owner) == [try await store.file(file.id, of: owner)])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a file may turn out to belong elsewhere`(backend: Backend) async throws {
        try await backend.withStore { store in
            let bytes = someBytes(600_000)
            let (expected, actual) = (place, StorePlace(other, .random()))
            let writer = try await store.begin(at: expected, limit: .max)
            try await writer.write(bytes)
            let file = try await writer.commit(FileDetails(name: "file"), at: actual)
            #expect(file.owner == other && file.session == actual.session)
            #expect(try await store.open(store.file(file.id, of: other)).collect() == bytes)
            #expect(try await store.files(in: expected.session, of: owner).isEmpty)
        }
    }

    @Test(arguments: Backend.allCases)
    func `another owner's file is not found`(backend: Backend) async throws {
        try await backend.withStore { store in
            let file = try await store.create(FileDetails(name: "file"), at: place, bytes: someBytes(10))
            await #expect(throws: StoreError.notFound) { try await store.file(file.id, of: other) }
            await #expect(throws: StoreError.notFound) { try await store.delete(file.id, of: other) }
            #expect(try await store.files(in: file.session, of: other).isEmpty)
            #expect(try await store.file(file.id, of: owner).size == 10)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a deleted file is gone, and read to its end by who has opened it`(backend: Backend) async throws {
        try await backend.withStore { store in
            let bytes = someBytes(700_000)
            let file = try await store.create(FileDetails(name: "file"), at: place, bytes: bytes)
            let open = try await store.open(file)
            if backend == .directory { try await store.delete(file.id, of: owner) }
            #expect(try await open.collect() == bytes)
            if backend != .directory { try await store.delete(file.id, of: owner) }
            await #expect(throws: StoreError.notFound) { try await store.file(file.id, of: owner) }
            await #expect(throws: StoreError.notFound) { try await store.open(file).collect() }
            await #expect(throws: StoreError.notFound) { try await store.delete(file.id, of: owner) }
            #expect(try await store.files(in: file.session, of: owner).isEmpty)
        }
    }

    @Test(arguments: Backend.allCases)
    func `uploads of one name at once are two files`(backend: Backend) async throws {
        try await backend.withStore { store in
            let place = place
            let ids = try await withThrowingTaskGroup(of: FileID.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await store.create(
                            FileDetails(name: "one.csv"), at: place, bytes: someBytes(1000 + number)
                        ).id
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            let files = try await store.files(in: place.session, of: owner)
            #expect(Set(files.map(\.id)) == ids && ids.count == 20)
            #expect(Set(files.map(\.size)) == Set(1000..<1020))
            #expect(files.allSatisfy { $0.details.name == "one.csv" })
        }
    }

    @Test(arguments: Backend.allCases)
    func `a log keeps its entries in their order`(backend: Backend) async throws {
        try await backend.withStore { store in
            let log = LogID.random()
            await #expect(throws: StoreError.notFound) { try await store.entries(of: log, of: owner) }
            let entries = [someBytes(100), [], someBytes(500_000)]
            for (index, entry) in entries.enumerated() {
                try await store.append(entry, at: index, to: log, of: owner)
            }
            await #expect(throws: StoreError.conflict) { try await store.append(entries[2], at: 2, to: log, of: owner) }
            #expect(try await store.entries(of: log, of: owner) == entries)
            await #expect(throws: StoreError.notFound) { try await store.entries(of: log, of: other) }
            try await store.deleteLog(log, of: owner)
            await #expect(throws: StoreError.notFound) { try await store.entries(of: log, of: owner) }
            await #expect(throws: StoreError.notFound) { try await store.append([1], at: 3, to: log, of: owner) }
        }
    }

    @Test(arguments: Backend.allCases)
    func `of writers that append at once one is first`(backend: Backend) async throws {
        try await backend.withStore { store in
            let log = LogID.random()
            let owner = owner
            let winners = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<10 {
                    group.addTask {
                        do throws(StoreError) {
                            try await store.append([UInt8(number)], at: 0, to: log, of: owner)
                            return true
                        } catch {
                            #expect(error == .conflict)
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            let entries = try await store.entries(of: log, of: owner)
            #expect(winners == 1 && entries.count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the secret of the links is made once`(backend: Backend) async throws {
        try await backend.withStore { store in
            let secrets = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<10 { group.addTask { try await store.linkSecret() } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(secrets.count == 1)
            #expect(secrets.allSatisfy { $0.count >= 32 })
        }
    }
}
