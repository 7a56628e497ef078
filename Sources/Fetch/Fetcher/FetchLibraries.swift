internal import CCurl
internal import CCrypto

/// The libraries that requests are made with.
package enum FetchLibraries {
    /// Their versions, as they say them themselves while the program runs.
    package static var versions: [(name: String, version: String)] {
        var versions: [(name: String, version: String)] = []
        if let info = curl_version_info(CURLVERSION_FIRST)?.pointee {
            let tls = info.ssl_version.map { " (\(String(cString: $0)))" } ?? ""
            versions.append(("libcurl", String(cString: info.version) + tls))
        }
        if let text = OpenSSL_version(OPENSSL_VERSION_STRING) {
            versions.append(("OpenSSL", String(cString: text)))
        }
        return versions
    }
}
