import E2B
import Foundation
import Synchronization
import Testing

@testable import Interpreter

struct SessionCacheTests {
    private func key(_ number: Int, owner: String = "me") -> SessionKey { SessionKey(owner: owner, id: "s\(number)") }

    private func session(_ number: Int, endsAt: Date = .distantFuture) -> Session {
        Session(sandbox: Sandbox(id: "i\(number)", envdAccessToken: nil, envdVersion: "0.6.13"), endsAt: endsAt)
    }

    @Test func `what is kept is found by its owner alone`() {
        let cache = SessionCache()
        cache.keep(session(1), as: key(1))
        #expect(cache.session(key(1)) == session(1))
        #expect(cache.session(key(1, owner: "you")) == nil)
        #expect(cache.session(key(2)) == nil)
        #expect(cache.end(of: key(1)) == nil)
    }

    @Test func `an ended session is remembered with its end, and is none`() {
        let cache = SessionCache()
        let due = Date(timeIntervalSince1970: 1000)
        cache.keep(session(1, endsAt: due), as: key(1))
        cache.markEnded(key(1), sandbox: "i1")
        #expect(cache.session(key(1)) == nil)
        #expect(cache.end(of: key(1)) == due)
        // A second time changes nothing.
        cache.markEnded(key(1), sandbox: "i1")
        #expect(cache.end(of: key(1)) == due)
        cache.keep(session(2), as: key(1))
        #expect(cache.session(key(1)) == session(2))
        #expect(cache.end(of: key(1)) == nil)
    }

    @Test func `a session whose paused sandbox nobody used is remembered as such until it has another`() {
        let cache = SessionCache()
        cache.keep(session(1), as: key(1))
        #expect(!cache.isUnused(key(1)))
        cache.markUnused(key(1))
        #expect(cache.session(key(1)) == nil && cache.end(of: key(1)) == nil && cache.isUnused(key(1)))
        cache.keep(session(2), as: key(1))
        #expect(cache.session(key(1)) == session(2) && !cache.isUnused(key(1)))
    }

    @Test func `the end of an earlier sandbox does not end the one that bears the name now`() {
        let cache = SessionCache()
        cache.keep(session(2), as: key(1))
        cache.markEnded(key(1), sandbox: "i1")
        #expect(cache.session(key(1)) == session(2))
    }

    @Test func `an extension moves the end of one that lives`() {
        let cache = SessionCache()
        let due = Date(timeIntervalSince1970: 1000)
        cache.extend(key(1), until: due)
        #expect(cache.session(key(1)) == nil)
        cache.keep(session(1), as: key(1))
        cache.extend(key(1), until: due)
        #expect(cache.session(key(1))?.endsAt == due)
        cache.markEnded(key(1), sandbox: "i1")
        cache.extend(key(1), until: .distantFuture)
        #expect(cache.end(of: key(1)) == due)
    }

    @Test func `what is forgotten is a stranger again`() {
        let cache = SessionCache()
        cache.keep(session(1), as: key(1))
        cache.markEnded(key(1), sandbox: "i1")
        cache.forget(key(1))
        #expect(cache.end(of: key(1)) == nil)
        #expect(cache.session(key(1)) == nil)
        cache.forget(key(2))
    }

    @Test(arguments: [1, 5, 100]) func `no more than the limit are kept, and the newest is`(limit: Int) {
        let cache = SessionCache(limit: limit)
        for number in 0..<10 * limit {
            cache.keep(session(number), as: key(number))
            #expect(cache.session(key(number)) != nil)
        }
        let kept = (0..<10 * limit).filter { cache.session(key($0)) != nil }
        #expect(kept.count <= limit)
        #expect(kept.count >= limit * 9 / 10)
        #expect(kept.last == 10 * limit - 1)
    }

    @Test func `making and killing the same session for ever takes no room`() {
        let cache = SessionCache(limit: 10)
        for number in 0..<1000 {
            cache.keep(session(number), as: key(0))
            cache.forget(key(0))
        }
        for number in 1...9 { cache.keep(session(number), as: key(number)) }
        for number in 1...9 { #expect(cache.session(key(number)) != nil, "\(number)") }
    }

    @Test func `many at once do not lose one`() async {
        let cache = SessionCache()
        await withTaskGroup { group in
            for number in 0..<500 {
                group.addTask {
                    cache.keep(session(number), as: key(number))
                    if number % 2 == 0 { cache.markEnded(key(number), sandbox: "i\(number)") }
                    if number % 5 == 0 { cache.forget(key(number)) }
                }
            }
        }
        for number in 0..<500 {
            #expect((cache.session(key(number)) != nil) == (number % 2 != 0 && number % 5 != 0))
            #expect((cache.end(of: key(number)) != nil) == (number % 2 == 0 && number % 5 != 0))
        }
    }
}
