internal import CCrypto

/// A SHA-256 digest.
package struct SHA256Digest: Equatable, Sendable {
    package let bytes: [UInt8]

    package init(of bytes: [UInt8]) {
        var running = RunningSHA256()
        running.update(bytes)
        self = running.finish()
    }

    package init(of text: String) { self.init(of: Array(text.utf8)) }

    fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

    /// Lower-case digits.
    package var hexadecimal: String {
        String(decoding: bytes.flatMap { [Self.digit($0 >> 4), Self.digit($0 & 15)] }, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

/// A SHA-256 digest of bytes that come in pieces.
package struct RunningSHA256: ~Copyable {
    private let context: OpaquePointer

    package init() {
        // Without memory for a few hundred bytes nothing else would go on, either.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto offers no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package consuming func finish() -> SHA256Digest {
        SHA256Digest(
            bytes: [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { room, count in
                var length: UInt32 = 0
                EVP_DigestFinal_ex(context, room.baseAddress, &length)
                count = Int(length)
            })
    }
}
