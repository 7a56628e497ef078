import CodeAPI
import Foundation
import Store
import Testing

struct UploadTests {
    private let form = Form()
    private let owner = StoreOwner(hashing: "team")

    /// Runs `body` with a store in a folder of its own.
    private func withStore(
        _ limits: StoreLimits = StoreLimits(), _ body: (DirectoryStore) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "store-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(DirectoryStore(root: folder.path, limits: limits, threads: FileThreads(count: 2)))
    }

    /// The number of files in the folder of a store, apart from its own.
    private func count(in store: DirectoryStore) throws -> Int {
        let folder = URL(filePath: try #require(store.localPath(of: Self.anyFile)).root)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return try paths.filter { !$0.hasSuffix(".usage") }.count { path in
            try folder.appending(path: path).resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
        }
    }

    private static let anyFile = StoredFile(
        id: .random(in: .random()), owner: StoreOwner(hashing: ""), details: FileDetails(name: ""), size: 0, sha256: "",
        created: Date(), lastUsed: Date())

    private func upload(
        _ body: [UInt8], to store: DirectoryStore, isBatch: Bool = false, limits: UploadLimits = UploadLimits(),
        pieces size: Int = 1000, user: @escaping @Sendable (String?) -> String? = { _ in nil }
    ) async throws -> UploadReply {
        var upload = try Upload(
            contentType: "multipart/form-data; boundary=\"\(Form.boundary)\"", to: store, owner: owner, limits: limits,
            isBatch: isBatch, user: user)
        do {
            for start in stride(from: 0, to: body.count, by: size) {
                try await upload.take(Array(body[start..<min(start + size, body.count)]))
            }
            return try await upload.finish()
        } catch {
            await upload.abandon()
            throw error
        }
    }

    private func files(_ reply: UploadReply, in store: DirectoryStore) async throws -> [StoredFile] {
        try await store.files(in: reply.session, of: owner)
    }

    private func text(_ file: StoredFile, in store: DirectoryStore) async throws -> String {
        String(decoding: try await store.open(file).collect(), as: UTF8.self)
    }

    @Test func `a file is kept, and the answer is the one that LibreChat reads`() async throws {
        try await withStore { store in
            let reply = try await upload(form.body([form.file("data.csv", "a,b\n1,2\n")]), to: store)
            let file = try #require(try await files(reply, in: store).first)
            #expect(reply.status == 200)
            #expect(
                String(decoding: reply.encoded(), as: UTF8.self)
                    == #"{"message":"success","storage_session_id":"\#(reply.session)","session_id":"\#(reply.session)","files":[{"fileId":"\#(file.id)","filename":"data.csv"}]}"#
            )
            #expect(file.details == FileDetails(name: "data.csv", contentType: "text/csv", kind: .user))
            #expect(try await text(file, in: store) == "a,b\n1,2\n")
        }
    }

    @Test(arguments: [
        ([("kind", "agent"), ("id", "a1")], FileDetails(name: "f", kind: .agent, entity: "a1")),
        ([("entity_id", "a1")], FileDetails(name: "f", kind: .agent, entity: "a1")),
        (
            [("kind", "skill"), ("id", "s"), ("version", "2"), ("read_only", "true")],
            FileDetails(name: "f", kind: .skill, entity: "s", version: "2", isReadOnly: true)
        ),
        ([("kind", "user"), ("id", "u1")], FileDetails(name: "f", kind: .user, entity: "named u1")),
        ([("user_id", "u2")], FileDetails(name: "f", kind: .user, entity: "named u2")),
        ([("read_only", "false")], FileDetails(name: "f", kind: .user)),
    ])
    func `fields say whose a file is, before it and after it`(
        fields: [(String, String)], details: FileDetails
    ) async throws {
        try await withStore { store in
            let file = form.file("f", "x", type: "application/octet-stream")
            let fields = fields.map { form.field($0.0, $0.1) }
            for parts in [fields + [file], [file] + fields] {
                let reply = try await upload(form.body(parts), to: store, user: { $0.map { "named \($0)" } })
                #expect(try await files(reply, in: store).map(\.details) == [details])
            }
        }
    }

    @Test func `all files of a form are kept, in one session`() async throws {
        try await withStore { store in
            let names = (0..<40).map { "skill/\($0).md" }
            let body = form.body([form.field("kind", "skill")] + names.map { form.file($0, "text of \($0)") })
            for isBatch in [true, false] {
                let reply = try await upload(body, to: store, isBatch: isBatch)
                let kept = try await files(reply, in: store)
                #expect(Set(kept.map(\.details.name)) == Set(names))
                #expect(kept.allSatisfy { $0.session == reply.session })
                #expect(reply.failedCount == 0)
            }
        }
    }

    @Test func `two files of one name are two files`() async throws {
        try await withStore { store in
            let names = ["a.csv", "a.csv", "A.csv", "e\u{301}", "\u{e9}"]
            let reply = try await upload(form.body(names.map { form.file($0, $0) }), to: store)
            let kept = try await files(reply, in: store)
            #expect(Set(kept.map(\.id)).count == names.count)
            #expect(Set(kept.map { Array($0.details.name.utf8) }) == Set(names.map { Array($0.utf8) }))
        }
    }

    @Test func `a file of the limit is kept, and one byte more is not`() async throws {
        var limits = UploadLimits()
        limits.fileBytes = 5000
        let (fits, not) = (String(repeating: "x", count: 5000), String(repeating: "x", count: 5001))
        try await withStore { store in
            #expect(try await upload(form.body([form.file("a", fits)]), to: store, limits: limits).status == 200)
            #expect(try await upload(form.body([form.file("a", "")]), to: store, limits: limits).status == 200)
            await #expect(throws: UploadError.store(.tooLarge(limit: 5000))) {
                try await upload(form.body([form.file("b", "b"), form.file("a", not)]), to: store, limits: limits)
            }
            let reply = try await upload(
                form.body([form.file("a", not), form.file("b", fits)]), to: store, isBatch: true, limits: limits)
            #expect(reply.status == 200)
            let text = String(decoding: reply.encoded(), as: UTF8.self)
            #expect(text.hasPrefix(#"{"message":"partial_success","#))
            #expect(text.contains(#"{"status":"error","filename":"a","error":"The file is larger than 5000 bytes."}"#))
            #expect(text.hasSuffix(#""succeeded":1,"failed":1}"#))
            let none = try await upload(form.body([form.file("a", not)]), to: store, isBatch: true, limits: limits)
            #expect(none.status == 400)
            #expect(String(decoding: none.encoded(), as: UTF8.self).hasPrefix(#"{"message":"error","#))
        }
    }

    @Test func `what breaks off leaves nothing behind, wherever it does`() async throws {
        try await withStore { store in
            let body = form.body([form.file("a", String(repeating: "a", count: 300)), form.file("b", "b")])
            for isBatch in [false, true] {
                for count in stride(from: 0, to: body.count - 2, by: 7) {
                    await #expect(throws: UploadError.self) {
                        try await upload(Array(body.prefix(count)), to: store, isBatch: isBatch)
                    }
                }
            }
            let many = form.body((0..<60).map { form.file("\($0)", "x") })
            await #expect(throws: UploadError.self) { try await upload(many.dropLast(60), to: store, isBatch: true) }
            let left = try count(in: store)
            #expect(left == 0)
        }
    }

    @Test func `too much of anything is refused, and nothing of it stays`() async throws {
        var limits = UploadLimits()
        limits.files = 20
        limits.fields = 10
        limits.fieldBytes = 100
        try await withStore { store in
            for (parts, sentence) in [
                ((0..<21).map { form.file("\($0)", "x") }, "The form has more than 20 files."),
                ((0..<11).map { form.field("\($0)", "x") }, "The form has more than 10 fields."),
                (
                    [form.field("a", String(repeating: "x", count: 101))],
                    "A field of the form is longer than 100 bytes."
                ),
                ([form.field("kind", "user")], "There is no file in the form: a file's part has a filename."),
                ([], "There is no file in the form: a file's part has a filename."),
                ([form.field("kind", "robot"), form.file("a", "")], "`kind` must be user, agent or skill."),
                (
                    (0..<18).map { form.file("\($0)", "x") } + [form.field("kind", "agent")],
                    "Fields that say to whom files belong must come before most of the files."
                ),
                (
                    [form.file(Array(repeating: "long", count: 300).joined(separator: "/"), "")],
                    "The name of the file is longer than 1024 bytes."
                ),
            ] {
                let error = await #expect(throws: UploadError.self) {
                    try await upload(form.body(parts), to: store, limits: limits)
                }
                #expect(error == .refused(CodeAPIFailure(status: 400, sentence)))
            }
            let left = try count(in: store)
            #expect(left == 0)
        }
    }

    @Test func `a store that has no room says so`() async throws {
        try await withStore(StoreLimits(bytes: 1 << 20, ownerBytes: 1000, fileOverhead: 0)) { store in
            await #expect(throws: UploadError.store(.overBudget(limit: 1000))) {
                try await upload(form.body([form.file("a", String(repeating: "x", count: 1001))]), to: store)
            }
        }
    }
}
