import E2B
import Fetch
import Store

extension SettingReader {
    /// Whether the text names a bucket and not a folder.
    static func isBucket(_ text: String) -> Bool { text.hasPrefix("s3://") }

    /// Reads a bucket, `s3://bucket/prefix`, and what it takes to use it.
    ///
    /// - Returns: nil if it cannot be used, for reasons that have been noted.
    mutating func bucket(_ text: String) -> S3Configuration? {
        let location = S3Configuration.location(text)
        if location == nil {
            refuse(
                "\(Setting.store.name): a bucket is written s3://bucket/prefix, in letters, digits, `-`, `_` and `.`.")
        }
        let endpoint = s3Endpoint()
        let region = self.text(.s3Region) ?? foreign("AWS_REGION") ?? foreign("AWS_DEFAULT_REGION") ?? "us-east-1"
        if !S3Configuration.isRegion(region) {
            refuse("\(Setting.s3Region.name): a region is written in small letters, digits and `-`.")
        }
        let isPathStyle = isOn(.s3PathStyle)
        let credentials = awsCredentials()
        guard let location, let credentials else { return nil }
        return S3Configuration(
            bucket: location.bucket, prefix: location.prefix,
            endpoint: endpoint ?? "https://s3.\(region).amazonaws.com", region: region,
            // The certificate of Amazon's host names is for one part before the service's.
            usesPathStyle: isPathStyle || endpoint == nil && location.bucket.contains("."), credentials: credentials)
    }

    private mutating func s3Endpoint() -> String? {
        guard let endpoint = url(.s3Endpoint) else { return nil }
        guard let base = BaseURL(endpoint), base.hasNoPath else {
            refuse("\(Setting.s3Endpoint.name): it must be an address without a path, such as https://s3.example.com.")
            return nil
        }
        // What is sent is signed, and the keys stay here, but the files cross the network for all to read.
        if !base.isSecure, !base.isLoopback, !isOn(.allowHTTP) {
            refuse(
                "\(Setting.s3Endpoint.name): by plain http files would cross the network for all to read. Use https, or allow "
                    + "it with \(Setting.allowHTTP.name)=on.")
        }
        return endpoint
    }

    private mutating func awsCredentials() -> AWSCredentials? {
        let names = [AWSVariable.keyID, AWSVariable.secretKey]
        let keys = names.compactMap { foreign($0) }
        guard keys.count == names.count else {
            refuse("\(Setting.store.name) is a bucket, for which \(names[0]) and \(names[1]) are needed.")
            return nil
        }
        let token = foreign(AWSVariable.sessionToken)
        for (name, value) in zip(AWSVariable.secrets, keys + [token ?? ""]) {
            guard value.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                refuse("\(name): its value has a character that is no part of a key.")
                return nil
            }
        }
        return AWSCredentials(accessKeyID: keys[0], secretAccessKey: keys[1], sessionToken: token)
    }
}
