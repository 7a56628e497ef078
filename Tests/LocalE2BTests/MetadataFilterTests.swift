import Testing

@testable import LocalE2B

@Suite struct MetadataFilterTests {
    @Test func `the SDK's triple encoding is undone`() throws {
        // conv = "a b&c", x = "ý", as the official SDK sends it.
        let query = Query("metadata=conv%3Da%252520b%252526c%26x%3D%2525C3%2525BD&limit=2")
        let filter = try MetadataFilter(parameter: try #require(query["metadata"]))
        #expect(filter.pairs == ["conv": "a b&c", "x": "ý"])
        #expect(query["limit"] == "2")
    }

    @Test func `a plus sign is a space`() throws {
        #expect(try MetadataFilter(parameter: "a=b+c").pairs == ["a": "b c"])
    }

    @Test(arguments: ["a", "a=b=c", "a=b&c", "=a=", "a=b&&c"])
    func `a pair without exactly one equals sign is refused`(parameter: String) {
        #expect(throws: MetadataFilter.BadPair.self) { try MetadataFilter(parameter: parameter) }
    }

    @Test func `every pair has to match`() throws {
        let filter = try MetadataFilter(parameter: "a=1&b=2")
        #expect(filter.matches(["a": "1", "b": "2", "c": "3"]))
        #expect(!filter.matches(["a": "1"]))
        #expect(!filter.matches(["a": "1", "b": "3"]))
        #expect(try MetadataFilter(parameter: "").matches([:]))
    }
}
