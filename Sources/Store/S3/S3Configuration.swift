package import Fetch

/// Where the bucket is, and who may use it.
package struct S3Configuration: Equatable, Sendable {
    package var bucket: String
    /// The beginning of all keys, without a `/` at its end; empty for none.
    package var prefix: String
    /// The URL of the service, without a path, such as `https://s3.eu-central-1.amazonaws.com`.
    package var endpoint: String
    package var region: String
    /// Whether the bucket is the first part of the path, and not of the host's name.
    package var usesPathStyle: Bool
    package var credentials: AWSCredentials
    /// The time that a request may take with all its repetitions, apart from the bytes of a file.
    package var deadline: Duration = .seconds(30)
    /// The longest silence of the service.
    package var idleTimeout: Duration = .seconds(15)
    /// The pause before the first repetition of a request; each further one is twice as long.
    package var firstPause: Duration = .milliseconds(100)
    /// The number of bytes of a part of a large file, which are in memory while they are sent. S3 takes no part below 5 MiB but the
    /// last one, and no more than 10,000.
    package var partSize = 8 << 20
    /// For how long after a use of a file another one is not noted: noting writes an object.
    package var touchInterval: Duration = .seconds(3600)

    package init(
        bucket: String, prefix: String = "", endpoint: String, region: String = "us-east-1", usesPathStyle: Bool = true,
        credentials: AWSCredentials
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.endpoint = endpoint
        self.region = region
        self.usesPathStyle = usesPathStyle
        self.credentials = credentials
    }

    /// Splits `s3://bucket/prefix`.
    ///
    /// - Returns: nil if it is not that, or has characters that a key of the store does without.
    package static func location(_ text: String) -> (bucket: String, prefix: String)? {
        let scheme = "s3://"
        guard text.hasPrefix(scheme) else { return nil }
        let parts = text.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard let bucket = parts.first, (3...63).contains(bucket.utf8.count), bucket.utf8.allSatisfy(isInBucket) else {
            return nil
        }
        var folders = parts.dropFirst()
        if folders.last == "" { folders.removeLast() }
        guard folders.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.allSatisfy(isInPrefix) }) else {
            return nil
        }
        let prefix = folders.joined(separator: "/")
        guard prefix.utf8.count <= 512 else { return nil }
        return (String(bucket), prefix)
    }

    /// Whether a region may be named so: a part of what is signed, and of Amazon's host names.
    package static func isRegion(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isInBucket(_ byte: UInt8) -> Bool {
        isLowercaseOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func isInPrefix(_ byte: UInt8) -> Bool {
        isInBucket(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
    }
}
