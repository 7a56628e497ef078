import FoundationEssentials
import Store
import Testing

struct LinkSignerTests {
    private let signer = LinkSigner(secret: Array("a secret of some length".utf8))
    private let owner = StoreOwner(hashing: "a key")
    private let file = FileID.random(in: .random())
    private let expires = Date(timeIntervalSince1970: 1_900_000_000)
    private var token: String { signer.token(for: file, of: owner, expires: expires) }

    @Test func `a token says whose file it is, and for how long`() throws {
        let link = try signer.link(token, now: expires.addingTimeInterval(-1))
        #expect(link.owner == owner && link.file == file && link.expires == expires)
        #expect(token.utf8.count == LinkSigner.tokenLength)
    }

    @Test func `a token ends in its second`() {
        #expect(throws: LinkSigner.Refusal.expired) { try signer.link(token, now: expires) }
    }

    @Test func `another secret's token is forged`() {
        let other = LinkSigner(secret: Array("a secret of some lengtH".utf8))
        #expect(throws: LinkSigner.Refusal.forged) { try other.link(token, now: expires.addingTimeInterval(-1)) }
    }

    @Test func `a token with any bit changed is forged`() {
        let bytes = Array(token.utf8)
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << bit
                let text = String(decoding: changed, as: UTF8.self)
                #expect(throws: LinkSigner.Refusal.forged) {
                    try signer.link(text, now: expires.addingTimeInterval(-1))
                }
            }
        }
    }

    @Test func `a token of another length is forged`() {
        for length in 0..<token.count {
            #expect(throws: LinkSigner.Refusal.forged) {
                try signer.link(token.prefix(length), now: expires.addingTimeInterval(-1))
            }
        }
        #expect(throws: LinkSigner.Refusal.forged) { try signer.link(token + "A", now: expires.addingTimeInterval(-1)) }
    }
}
