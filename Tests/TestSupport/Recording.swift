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

    private static var folder: URL { Bundle.module.bundleURL.appending(path: "Recordings") }
}
