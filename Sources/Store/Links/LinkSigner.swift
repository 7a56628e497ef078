internal import CCrypto
package import FoundationEssentials

/// Makes the tokens of links, and reads them. A token is the owner, the id and the expiry of a file, and a signature of them
/// (HMAC-SHA256), so that nothing has to be looked up before it is known to be genuine.
///
/// All its characters matter: there is no second way to write the same token.
package struct LinkSigner: Sendable {
    /// What a genuine token says.
    package struct Link: Equatable, Sendable {
        package let owner: StoreOwner
        package let file: FileID
        /// Whole seconds.
        package let expires: Date
    }

    package enum Refusal: Error, Equatable, Sendable {
        /// The token is cut, changed, or made with another secret.
        case forged
        /// It was genuine.
        case expired
    }

    /// The least number of bytes of a secret.
    package static let shortestSecret = 16
    /// Hexadecimal digits, for a time up to the year 4147.
    private static let expiryLength = 9
    /// 192 bits.
    private static let signatureLength = 32
    package static let tokenLength = StoreOwner.length + FileID.length + signedLength

    private let secret: [UInt8]

    package init(secret: [UInt8]) { self.secret = secret }

    /// - Parameter expires: is rounded down to a second.
    package func token(for file: FileID, of owner: StoreOwner, expires: Date) -> String {
        signed(owner.text + file.text, as: "link", expires: expires)
    }

    package func link(_ token: some StringProtocol, now: Date = Date()) throws(Refusal) -> Link {
        let (content, expires) = try content(of: token, as: "link", length: Self.tokenLength, now)
        guard let owner = StoreOwner(content.prefix(StoreOwner.length)),
            let file = FileID(content.dropFirst(StoreOwner.length))
        else { throw .forged }
        return Link(owner: owner, file: file, expires: expires)
    }

    // MARK: Tokens of any kind

    static let signedLength = expiryLength + signatureLength

    /// Returns the content with its expiry and a signature.
    ///
    /// - Parameter kind: keeps the signature from being taken for one of something else.
    func signed(_ content: String, as kind: String, expires: Date) -> String {
        let seconds = max(0, min(Int(expires.timeIntervalSince1970), 1 << (4 * Self.expiryLength) - 1))
        let content = content + Self.digits(seconds, count: Self.expiryLength)
        return content + signature(of: content, as: kind)
    }

    /// Returns what ``signed(_:as:expires:)`` was given.
    ///
    /// - Parameter length: of the whole token.
    func content(
        of token: some StringProtocol, as kind: String, length: Int, _ now: Date
    ) throws(Refusal) -> (content: String, expires: Date) {
        let token = Array(token.utf8)
        guard token.count == length else { throw .forged }
        let content = String(decoding: token.dropLast(Self.signatureLength), as: UTF8.self)
        let genuine = Array(signature(of: content, as: kind).utf8)
        let isGenuine = token.suffix(Self.signatureLength).withUnsafeBufferPointer {
            CRYPTO_memcmp($0.baseAddress, genuine, Self.signatureLength) == 0
        }
        guard isGenuine, let seconds = Int(content.suffix(Self.expiryLength), radix: 16) else { throw .forged }
        let expires = Date(timeIntervalSince1970: Double(seconds))
        guard now < expires else { throw .expired }
        return (String(content.dropLast(Self.expiryLength)), expires)
    }

    /// Writes a number in hexadecimal digits, with zeros before it.
    static func digits(_ number: Int, count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    private func signature(of content: String, as kind: String) -> String {
        let message = Array("e2b-fcgi \(kind)\n\(content)".utf8)
        let digest = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { room, count in
            var length: UInt32 = 0
            HMAC(EVP_sha256(), secret, CInt(secret.count), message, message.count, room.baseAddress, &length)
            count = Int(length)
        }
        return IDText.text(digest)
    }
}
