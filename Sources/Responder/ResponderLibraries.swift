import CYAML

/// The libraries that settings are read with.
package enum ResponderLibraries {
    /// Their versions, as they say them themselves while the program runs.
    package static var versions: [(name: String, version: String)] {
        yaml_get_version_string().map { [("libyaml", String(cString: $0))] } ?? []
    }
}
