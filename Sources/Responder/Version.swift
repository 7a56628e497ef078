/// The version of this release: what `--version` prints, and what the program calls itself towards others.
package enum Version {
    /// As Semantic Versioning 2.0.0 writes it.
    package static let number = "0.9.0"
    /// The value of `User-Agent` in the program's own requests.
    package static let userAgent = "e2b-fcgi/\(number)"
}
