import Foundation
import TestSupport

/// A program in `Corpus`, in Debian's Python: it has the Pillow that the local sandbox has.
enum Script {
    /// - Returns: the lines it wrote.
    static func run(_ name: String, input: [String] = []) async throws -> [Substring] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "corpus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = Binaries.repository.appending(path: "Tests/ImageGateTests/Corpus/\(name)").path
        let program = try await ChildProcess(
            URL(filePath: "/usr/bin/python3"), ["-B", path], in: folder,
            input: Data(input.map { $0 + "\n" }.joined().utf8))
        let exit = await program.ended()
        guard exit == .status(0) else { throw HarnessError.ended(program: name, exit: exit, log: program.log) }
        return program.outputText.split(separator: "\n")
    }
}

/// What a decoder that is not ours makes of images: PNG by Pillow's own reader of chunks and rows, JPEG by libjpeg.
struct Reference: Equatable {
    let width: Int
    let height: Int
    let rgba: [UInt8]

    /// Nil for those that it refuses.
    static func decode(_ images: [[UInt8]]) async throws -> [Reference?] {
        try await Script.run("decode.py", input: images.map { Data($0).base64EncodedString() }).map { line in
            let fields = line.split(separator: " ")
            guard fields.count == 3, let width = Int(fields[0]), let height = Int(fields[1]),
                let rgba = Data(base64Encoded: String(fields[2]))
            else { return nil }
            return Reference(width: width, height: height, rgba: [UInt8](rgba))
        }
    }
}
