import Testing

@testable import LocalE2B

@Suite struct FileSignatureTests {
    private let token = String(repeating: "0123456789abcdef", count: 4)

    @Test(arguments: [
        (
            FileSignature(path: "/home/user/a b.txt", access: .read, user: ""),
            "v1_DRqJ3yYc6dTc06Bsf7gqbK1IADObRix9Ioug/oxIy3k"
        ),
        (
            FileSignature(path: "/home/user/a.txt", access: .read, user: "user", expiration: 1_795_220_464),
            "v1_7leTewlUf7DIaD5lJuVwfZZOVTTTfSE5+dtgKO6hEjk"
        ),
        (
            FileSignature(path: "/home/user/a.txt", access: .write, user: ""),
            "v1_Zi6grz3zETluGX6RDDT3lVH47I3DrkHrBlzEDaFP2P0"
        ),
    ])
    func `the protocol's vectors`(signature: FileSignature, value: String) {
        #expect(signature.value(token: token) == value)
        #expect(signature.isSigned(value, token: token))
        #expect(!signature.isSigned(String(value.dropLast()), token: token))
        #expect(!signature.isSigned(value, token: String(token.reversed())))
    }

    @Test func `secrets have the protocol's shape`() {
        let secret = Token.secret()
        #expect(secret.count == 64)
        #expect(secret.allSatisfy { "0123456789abcdef".contains($0) })
        #expect(secret != Token.secret())
    }
}
