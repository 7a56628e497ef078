import FoundationEssentials
import Store
import Testing

struct LogTokenTests {
    private let signer = LinkSigner(secret: Array("a secret of some length".utf8))
    private let place = LinkSigner.LogPlace(owner: StoreOwner(hashing: "a key"), log: .random(), count: 41)
    private let expires = Date(timeIntervalSince1970: 1_900_000_000)
    private var token: String { signer.token(for: place, expires: expires) }

    @Test func `a token says which log it is and how long that was`() throws {
        #expect(try signer.logPlace(token, now: expires.addingTimeInterval(-1)) == place)
        #expect(throws: LinkSigner.Refusal.expired) { try signer.logPlace(token, now: expires) }
    }

    @Test func `a token that was cut or changed is forged, and so is another secret's`() {
        let now = expires.addingTimeInterval(-1)
        let bytes = Array(token.utf8)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            let text = String(decoding: changed, as: UTF8.self)
            #expect(throws: LinkSigner.Refusal.forged) { try signer.logPlace(text, now: now) }
            #expect(throws: LinkSigner.Refusal.forged) { try signer.logPlace(token.prefix(index), now: now) }
        }
        let other = LinkSigner(secret: Array("a secret of some lengtH".utf8))
        #expect(throws: LinkSigner.Refusal.forged) { try other.logPlace(token, now: now) }
    }

    @Test func `a token of a link is none of a log, even if it has the same content`() {
        let now = expires.addingTimeInterval(-1)
        let link = signer.token(for: .random(in: place.log), of: place.owner, expires: expires)
        #expect(throws: LinkSigner.Refusal.forged) { try signer.logPlace(link, now: now) }
        #expect(throws: LinkSigner.Refusal.forged) { try signer.link(token, now: now) }
    }
}
