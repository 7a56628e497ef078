import Fetch
import ImageGate
import Responder

/// The versions of the libraries that this process has loaded, for a report of a mistake.
struct LibraryCheck: ServiceCheck {
    func findings() async -> [Finding] {
        let libraries = FetchLibraries.versions + ImageLibraries.versions + ResponderLibraries.versions
        let names = libraries.map { "\($0.name) \($0.version)" }
        return [.ok("versions", (["e2b-fcgi \(Version.number)"] + names).joined(separator: ", "))]
    }
}
