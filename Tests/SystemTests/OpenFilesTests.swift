import System
import Testing

struct OpenFilesTests {
    private static let needs = [OpenFiles.Need(40, for: "a server"), OpenFiles.Need(25, for: "everything else")]

    @Test func `needs up to the limit are fine`() throws {
        try OpenFiles.check(Self.needs, limit: 65)
        try OpenFiles.check(Self.needs, limit: .max)
        try OpenFiles.check([], limit: 0)
    }

    @Test func `needs over the limit are refused with their sum`() {
        let shortage = #expect(throws: OpenFiles.Shortage.self) { try OpenFiles.check(Self.needs, limit: 64) }
        #expect(shortage?.sum == 65)
        #expect(
            shortage?.description
                == "may take 65 open files, and the limit is 64: 40 for a server, 25 for everything else")
    }

    @Test func `the limit goes up to the hard one`() {
        #expect(OpenFiles.raiseLimit() == OpenFiles.hardLimit)
        #expect(OpenFiles.limit == OpenFiles.hardLimit && OpenFiles.limit > 32)
    }
}
