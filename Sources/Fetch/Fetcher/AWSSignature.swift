internal import CCrypto

/// Who asks a service that wants requests signed as Amazon's are.
package struct AWSCredentials: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    package let accessKeyID: String
    package let secretAccessKey: String
    /// What comes with temporary keys.
    package let sessionToken: String?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    /// Without the secrets, so that no log gets them by accident.
    package var description: String { "AWSCredentials(\(accessKeyID))" }
    package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}

/// What a request is signed with: AWS Signature Version 4.
package struct AWSSignature: Equatable, Sendable {
    package let credentials: AWSCredentials
    /// `us-east-1`, for example.
    package let region: String
    /// `s3`, for example.
    package let service: String

    package init(credentials: AWSCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// What `CURLOPT_AWS_SIGV4` is set to.
    var scope: String { "aws:amz:\(region):\(service)" }
}

extension FetchRequest {
    /// Has libcurl sign the request when it is sent. Call this last: what it covers must not change afterwards. Values of the query
    /// must be without a `+` (`%2B`), which libcurl 8.14 to 8.18 do not sign rightly.
    ///
    /// libcurl 7.88 signs the URL as it is written, so its path has to be percent-encoded, and its query sorted, percent-encoded
    /// with upper-case digits, and with a `=` after each name. It hashes no body that it does not hold, so the hash is computed
    /// here; a body in pieces goes unsigned. It sorts header names as they are written, so they are made lower-case.
    package mutating func sign(with signature: AWSSignature) {
        let own = ["x-amz-content-sha256", "x-amz-security-token"]
        headers = headers.map { ($0.name.lowercased(), $0.value) }.filter { !own.contains($0.name) }
        let hash: String =
            switch body {
            case .bytes(let bytes): SHA256Digest.hexadecimal(bytes)
            case .pieces: "UNSIGNED-PAYLOAD"
            case nil: SHA256Digest.hexadecimal([])
            }
        headers.append((own[0], hash))
        if let token = signature.credentials.sessionToken { headers.append((own[1], token)) }
        // libcurl would name a form's type, which the signature would not cover.
        if body != nil, !headers.contains(where: { $0.name == "content-type" }) {
            headers.append(("content-type", "application/octet-stream"))
        }
        // The authority that HTTP/2 sends in place of Host is no part of what older servers check.
        httpVersion = .http1
        self.signature = signature
    }
}

private enum SHA256Digest {
    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digest = [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
            _ = SHA256(bytes, bytes.count, buffer.baseAddress)
            count = buffer.count
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
