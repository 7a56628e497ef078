import Store
import Testing

struct IDTests {
    @Test func `a file's id tells its session`() throws {
        let session = StoreSessionID.random()
        let file = FileID.random(in: session)
        #expect(file.session == session)
        #expect(FileID(file.text) == file && StoreSessionID(session.text) == session)
        #expect(file.text.utf8.count == 21 && session.text.utf8.count == 21)
        #expect(file.text.wholeMatch(of: /[A-Za-z0-9_-]{21}/) != nil)
        #expect(session.text.wholeMatch(of: /[A-Za-z0-9_-]{21}/) != nil)
    }

    @Test func `a thing has always the same session`() {
        #expect(StoreSessionID(hashing: "chat") == StoreSessionID(hashing: "chat"))
        #expect(StoreSessionID(hashing: "chat") != StoreSessionID(hashing: "Chat"))
        #expect(StoreOwner(hashing: "a") != StoreOwner(hashing: "b"))
    }

    @Test(arguments: [
        "", "../../../etc/passwd0000", "abc", "ABCDEFGHIJKLMNOPQRST.", "ABCDEFGHIJKLMNOPQRSTUV", "日本日本日本日",
    ])
    func `what is no id is refused`(text: String) {
        #expect(FileID(text) == nil)
        #expect(StoreSessionID(text) == nil)
    }

    @Test func `an id that no session has is refused`() {
        #expect(StoreSessionID("AAAAAAAAAAAAAAAAAAAAA") == nil)
        #expect(FileID("AAAAAAAAAAAAAAAAAAAAA") != nil)
    }
}
