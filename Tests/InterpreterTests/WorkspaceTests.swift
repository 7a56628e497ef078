import FoundationEssentials
import ImageGate
import Store
import Testing

@testable import Interpreter

struct WorkspaceTests {
    private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text), "\(text)") }

    private func input(_ text: String, isReadOnly: Bool = false) throws -> WorkspaceInput {
        let file = StoredFile(
            id: .random(in: .random()), owner: StoreOwner(hashing: "me"),
            details: FileDetails(name: text, isReadOnly: isReadOnly), size: 1, sha256: "", created: .now, lastUsed: .now
        )
        return try #require(WorkspaceInput(file), "\(text)")
    }

    private func listing(_ records: String..., errors: Int = 0) -> WorkspaceListing {
        WorkspaceListing(output: Array(records.map { $0 + "\0" }.joined().utf8), errors: errors)
    }

    @Test(arguments: [
        "a.csv", "dir/sub/a b.txt", ".env", "con", "日本語.png", "😀", "e\u{301}", "\u{e9}", "%2e%2e", "..a", "a..",
        "-rf", String(repeating: "x", count: 255),
    ])
    func `a file may have this name`(text: String) { #expect(WorkspaceName(text) != nil) }

    @Test(arguments: [
        "", "/etc/passwd", "../../etc/passwd", "a/../b", "a//b", "a/", ".", "..", "a\0", "a\nb", "a\u{7f}", "\u{85}",
        String(repeating: "x", count: 256), Array(repeating: "0123456789", count: 100).joined(separator: "/"),
    ])
    func `no file may have this name`(text: String) { #expect(WorkspaceName(text) == nil) }

    @Test func `names that look alike are different ones`() throws {
        #expect(try name("e\u{301}") != name("\u{e9}"))
        #expect(try name("A") != name("a"))
        let names: Set = [try name("e\u{301}"), try name("\u{e9}")]
        #expect(names.count == 2)
    }

    @Test func `an input is where a program looks for it`() throws {
        #expect(try input("/mnt/data/a.csv").name.text == "a.csv")
        #expect(try input("./b/a.csv").name.text == "b/a.csv")
        let file = try input("a.csv").file
        #expect(WorkspaceInput(file, as: "../a") == nil)
        #expect(WorkspaceInput(file, as: "other.csv")?.name.text == "other.csv")
    }

    @Test func `of two inputs with one name the last one is there`() throws {
        let first = try input("a.csv")
        let last = try input("a.csv")
        let other = try input("e\u{301}")
        let alike = try input("\u{e9}")
        var inputs = [first, other, alike, last]
        let lines = inputs.removeNamesakes()
        #expect(inputs == [other, alike, last])
        #expect(lines == ["Several input files have the name a.csv: the last of them is there."])
    }

    // MARK: - Lists

    @Test func `a list has each file with its size, time and number`() throws {
        let listing = listing("1 12 1.5 7 a b.csv", "2 0 2.5 8 dir/\u{e9}", "17 1 1 9 deep", "1 1 1 1 new\nline")
        #expect(listing.files.count == 2)
        #expect(listing.files[try name("a b.csv")] == .init(size: 12, modified: "1.5", node: "7"))
        #expect(listing.tooDeep == [try name("deep")])
        #expect(listing.unnamed == 1)
        #expect(listing.isComplete)
    }

    @Test func `a list may be cut or have gaps`() {
        #expect(!listing("1 1 1 1 a", errors: 1).isComplete)
        let many = (0...WorkspaceListing.fileLimit).map { "1 1 1 \($0) \($0)" }.joined(separator: "\0")
        let cut = WorkspaceListing(output: Array(many.utf8))
        #expect(!cut.isComplete && cut.files.count == WorkspaceListing.fileLimit)
        let notText = WorkspaceListing(output: Array("1 1 1 1 ".utf8) + [0xff, 0])
        #expect(notText.unnamed == 1 && notText.files.isEmpty)
        #expect(WorkspaceListing(output: Array("x\0\0 1 1\0".utf8)).files.isEmpty)
    }

    // MARK: - Changes

    @Test func `new and changed files are outputs, pictures first`() throws {
        let before = listing("1 1 1 1 old", "1 1 1 2 edited", "1 1 1 3 moved", "1 1 1 4 gone")
        let after = listing(
            "1 1 1 1 old", "1 1 2 2 edited", "1 1 1 9 moved", "1 1 1 5 new.csv", "2 1 1 6 a/plot.PNG", "1 1 1 7 z.svg")
        let changes = WorkspaceChanges(from: before, to: after, inputs: [])
        #expect(changes.outputs.map(\.text) == ["z.svg", "a/plot.PNG", "edited", "moved", "new.csv"])
        #expect(changes.inherited.isEmpty && changes.deleted.isEmpty)
    }

    @Test func `inputs are inherited, changed, or deleted`() throws {
        let inputs = [
            try input("same"), try input("edited"), try input("gone"), try input("ruled", isReadOnly: true),
            try input("lost"),
        ]
        let before = listing("1 1 1 1 same", "1 1 1 2 edited", "1 1 1 3 gone", "1 1 1 4 ruled")
        let after = listing("1 1 1 1 same", "1 2 1 2 edited", "1 9 9 9 ruled")
        let changes = WorkspaceChanges(from: before, to: after, inputs: inputs)
        #expect(changes.outputs.map(\.text) == ["edited"])
        #expect(changes.inherited.map(\.name.text) == ["same", "ruled"])
        #expect(changes.deleted.map(\.text) == ["gone"])
        // What could not be seen may be there.
        let cut = WorkspaceListing(output: [], hasFailed: true)
        #expect(WorkspaceChanges(from: before, to: cut, inputs: inputs).deleted.isEmpty)
    }

    @Test func `a picture's file is one by its name`() throws {
        #expect(try name("a/b.JPEG").pictureType == .jpeg)
        #expect(try name("png").pictureType == nil)
        #expect(try name(".png").pictureType == nil)
        #expect(try name("a.png/b").pictureType == nil)
        #expect(try name("a.b/c.svg").with(extension: "png")?.text == "a.b/c.png")
        #expect(try name("a.b/c").with(extension: "png")?.text == "a.b/c.png")
    }

    // MARK: - Ends

    @Test func `reasons add up`() throws {
        var skipped = SkippedFiles()
        for index in 0..<30 { skipped.add(.maxFiles, try name("\(index)")) }
        skipped.add(.path, count: 2)
        #expect(skipped.count == 32 && skipped.names.count == 20 && skipped.counts == [.maxFiles: 30, .path: 2])
    }
}
