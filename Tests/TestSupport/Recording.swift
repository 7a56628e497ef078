import Foundation

/// Raw answers of the real code interpreter, one JSON object a line.
package enum Recording {
    /// The whole response body of one `POST /execute`.
    package static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: "\(name).ndjson")))
    }

    /// Every recording's name.
    package static var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                .map { $0.deletingPathExtension().lastPathComponent }.sorted()
        }
    }

    /// The programs whose answers were recorded, in their order: JSON, one array.
    package static var programs: [UInt8] {
        get throws { [UInt8](try Data(contentsOf: Bundle.module.bundleURL.appending(path: "Programs.json"))) }
    }

    private static var folder: URL { Bundle.module.bundleURL.appending(path: "Recordings") }
}
