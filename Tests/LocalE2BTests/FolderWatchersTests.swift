import Testing

@testable import LocalE2B

@Suite struct FolderWatchersTests {
    private func entry(_ size: String = "1", mode: Int = 420, type: String = "FILE_TYPE_FILE") -> FolderWatchers.Entry {
        FolderWatchers.Entry(path: "", type: type, size: size, mode: mode, modifiedTime: "t")
    }

    @Test func `every kind of change is told apart`() {
        let before = ["gone": entry(), "same": entry(), "longer": entry(), "locked": entry()]
        let now = ["same": entry(), "longer": entry("2"), "locked": entry(mode: 0), "new": entry()]
        let events = FolderWatchers.changes(from: before, to: now)
        #expect(events.map(\.name) == ["gone", "locked", "longer", "new"])
        #expect(events.map(\.type) == [.remove, .chmod, .write, .create])
    }

    @Test func `a folder whose content changes is not written to`() {
        let folder = entry(type: "FILE_TYPE_DIRECTORY")
        var touched = folder
        touched.modifiedTime = "later"
        #expect(FolderWatchers.changes(from: ["d": folder], to: ["d": touched]).isEmpty)
    }
}
