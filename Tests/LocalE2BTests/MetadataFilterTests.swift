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
        #expect(throws: MetadataFilter.PairError.self) { try MetadataFilter(parameter: parameter) }
    }

    @Test func `every pair has to match`() throws {
        let filter = try MetadataFilter(parameter: "a=1&b=2")
        #expect(filter.matches(["a": "1", "b": "2", "c": "3"]))
        #expect(!filter.matches(["a": "1"]))
        #expect(!filter.matches(["a": "1", "b": "3"]))
        #expect(try MetadataFilter(parameter: "").matches([:]))
    }

    // Composed and decomposed; and U+212A, which Unicode takes for a K.
    @Test(arguments: [("\u{e9}", "e\u{301}"), ("K", "\u{212a}")])
    func `what differs in its bytes does not match`(one: String, other: String) throws {
        for (sent, kept) in [(one, other), (other, one)] {
            let filter = try MetadataFilter(parameter: "a=\(sent)")
            #expect(!filter.matches(["a": kept]))
            #expect(filter.matches(["a": sent]))
            #expect(try !MetadataFilter(parameter: "\(sent)=1").matches([kept: "1"]))
        }
    }
}
