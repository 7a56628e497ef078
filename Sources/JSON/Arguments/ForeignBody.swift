extension UnsafeRawBufferPointer {
    /// What a body is that is no JSON, in a sentence that says what to do; nil if its first bytes do not tell.
    package var foreignFormat: String? {
        for (name, magic) in Self.compressions where starts(with: magic) {
            return "The body is compressed with \(name), which is not understood: send it as it is."
        }
        guard
            starts(with: [0xFF, 0xFE]) || starts(with: [0xFE, 0xFF]) || starts(with: [0x7B, 0])
                || starts(with: [0, 0x7B])
        else { return nil }
        return "The body is UTF-16, and JSON is UTF-8: send it in that."
    }

    /// The first bytes of what HTTP's codings and common tools make. Brotli has none.
    private static let compressions: [(name: String, magic: [UInt8])] = [
        ("gzip", [0x1F, 0x8B]), ("deflate", [0x78, 0x01]), ("deflate", [0x78, 0x5E]), ("deflate", [0x78, 0x9C]),
        ("deflate", [0x78, 0xDA]), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]), ("bzip2", [0x42, 0x5A, 0x68]),
        ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A]),
    ]
}
