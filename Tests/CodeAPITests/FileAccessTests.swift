import CodeAPI
import Foundation
import Store
import Testing

struct FileAccessTests {
    private func isAllowed(_ details: FileDetails, _ user: String?, _ asked: FileScope? = nil) -> Bool {
        do throws(CodeAPIFailure) {
            try FileAccess.check(details, for: user, asked: asked)
            return true
        } catch {
            #expect(error.status == 403)
            return false
        }
    }

    @Test func `a user's file is the user's`() {
        let file = FileDetails(name: "f", kind: .user, entity: "u1")
        #expect(isAllowed(file, "u1"))
        #expect(!isAllowed(file, "u2"))
        #expect(isAllowed(file, nil))
        #expect(isAllowed(file, "u1", FileScope(kind: .user, id: "other")))
        #expect(!isAllowed(file, "u1", FileScope(kind: .agent, id: "u1")))
        #expect(isAllowed(FileDetails(name: "f"), "u2"))
        // The same to a reader, and another to a computer.
        #expect(!isAllowed(FileDetails(name: "f", kind: .user, entity: "\u{e9}"), "e\u{301}"))
    }

    @Test func `an agent's file is everybody's, under its own name`() {
        let file = FileDetails(name: "f", kind: .agent, entity: "a1")
        for user in ["u1", "u2", nil] {
            #expect(isAllowed(file, user))
            #expect(isAllowed(file, user, FileScope(kind: .agent, id: "a1")))
            #expect(isAllowed(file, user, FileScope(kind: .agent)))
            #expect(!isAllowed(file, user, FileScope(kind: .agent, id: "a2")))
            #expect(!isAllowed(file, user, FileScope(kind: .skill, id: "a1")))
            #expect(!isAllowed(file, user, FileScope(kind: .user, id: "u1")))
        }
        let skill = FileDetails(name: "f", kind: .skill, entity: "s", version: "1")
        #expect(isAllowed(skill, "u1", FileScope(kind: .skill, id: "s", version: "1")))
        #expect(isAllowed(skill, "u1", FileScope(kind: .skill, id: "s")))
        #expect(!isAllowed(skill, "u1", FileScope(kind: .skill, id: "s", version: "2")))
    }

    @Test func `files are listed in each of the forms`() throws {
        let id = FileID.random(in: .random())
        let time = Date(timeIntervalSince1970: 1_800_000_000.25)
        let file = StoredFile(
            id: id, owner: StoreOwner(hashing: "a"), details: FileDetails(name: "x/data.CSV", contentType: "text/csv"),
            size: 7,
            sha256: "ab", created: time, lastUsed: time)
        func list(_ detail: FileListing.Detail) -> String {
            String(decoding: FileListing.encoded([file], detail), as: UTF8.self)
        }
        let name = "\(id.session)/\(id).CSV"
        let shared = #""name":"\#(name)","size":7,"lastModified":"2027-01-15T08:00:00.250Z","etag":"ab""#
        #expect(list(.simple) == #"["\#(name)"]"#)
        #expect(list(.summary) == "[{\(shared)}]")
        #expect(
            list(.full)
                == #"[{\#(shared),"metadata":{"original-filename":"x/data.CSV","content-type":"text/csv","read-only":"false"}}]"#
        )
        #expect(list(.normalized).contains(#""id":"\#(id)","name":"x/data.CSV","storage_session_id":"\#(id.session)""#))
        #expect(String(decoding: FileListing.encoded([], .full), as: UTF8.self) == "[]")
        let object = String(decoding: FileListing.encodedObject(file), as: UTF8.self)
        #expect(object.hasPrefix(#"{"name":"\#(name)","originalFilename":"x/data.CSV","size":7,"lastModified":"2027"#))
    }
}
