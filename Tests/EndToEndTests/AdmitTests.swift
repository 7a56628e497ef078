import Foundation
import TestSupport
import Testing

/// `e2b-fcgi admit`: the gate without a web server.
@Suite(.timeLimit(.minutes(10)))
struct AdmitTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "admit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Runs it on an image in the file `in`.
    private func admit(
        _ image: [UInt8], _ arguments: [String] = ["in", "out"], environment: [String: String] = [:]
    ) async throws -> (exit: Exit, output: Data, log: String, file: [UInt8]?) {
        try Data(image).write(to: folder.appending(path: "in"))
        let out = folder.appending(path: "out")
        // Whatever it is fed: far more than an image within the limits takes.
        let child = try await ChildProcess(
            Binaries.system("prlimit"), ["--as=\(1 << 30)", Binaries.responder.path, "admit"] + arguments,
            environment: environment, in: folder, input: Data(image))
        let exit = await child.ended()
        let file = FileManager.default.fileExists(atPath: out.path) ? [UInt8](try Data(contentsOf: out)) : nil
        return (exit, child.output, child.log, file)
    }

    private func cleanUp() { try? FileManager.default.removeItem(at: folder) }

    private let png = SampleImages.png(
        width: 5, height: 4, colorType: 0, bitDepth: 8, extra: SampleImages.pngChunk("tEXt", Array("k\0v".utf8))
    ) { x, y in [x * y] }
    private let stripped = SampleImages.png(width: 5, height: 4, colorType: 0, bitDepth: 8) { x, y in [x * y] }

    @Test func `an image that passes is written, and a line says so`() async throws {
        defer { cleanUp() }
        let result = try await admit(png)
        #expect(result.exit == .status(0))
        #expect(result.file == stripped)
        let line = "PNG 5×4, \(png.count) bytes: passed as PNG 5×4, \(stripped.count) bytes\n"
        #expect(String(decoding: result.output, as: UTF8.self) == line)
        #expect(result.log.isEmpty)
    }

    @Test func `a dash is standard input or output, and the line keeps out of the image`() async throws {
        defer { cleanUp() }
        let result = try await admit(png, ["-", "-"])
        #expect(result.exit == .status(0))
        #expect([UInt8](result.output) == stripped)
        #expect(result.log == "PNG 5×4, \(png.count) bytes: passed as PNG 5×4, \(stripped.count) bytes\n")
        #expect(result.file == nil)
    }

    @Test func `the limits are the settings', and the options overrule them`() async throws {
        defer { cleanUp() }
        let large = SampleImages.png(width: 300, height: 200)
        let environment = ["E2B_FCGI_IMAGE_BOX": "100x200", "E2B_FCGI_IMAGE_PIXELS": "1000"]
        let refused = try await admit(large, environment: environment)
        #expect(refused.exit == .status(1) && refused.file == nil && refused.output.isEmpty)
        #expect(refused.log == "Error: in is rejected: 300×200 pixels, over the limit of 1000 pixels\n")
        let boxed = try await admit(large, ["in", "out", "--pixels", "60000"], environment: environment)
        #expect(boxed.exit == .status(0))
        #expect(String(decoding: boxed.output, as: UTF8.self).contains(": thumbnailed to PNG 150×100, "))
        let small = ["in", "out", "--pixels", "60000", "--box", "50x60", "--bytes", "1000"]
        let budget = try await admit(large, small, environment: environment)
        #expect(budget.exit == .status(0))
        #expect(try #require(budget.file).count <= 1000)
        let wrong = try await admit(large, ["in", "out", "--box", "9"])
        #expect(wrong.exit == .status(1) && wrong.log.contains("E2B_FCGI_IMAGE_BOX is '9'"))
    }

    @Test func `a drawing is drawn`() async throws {
        defer { cleanUp() }
        let svg = Array("<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'><rect width='9'/></svg>".utf8)
        let result = try await admit(svg)
        #expect(result.exit == .status(0))
        #expect(String(decoding: result.output, as: UTF8.self).contains("bytes: rasterised to PNG 30×20, "))
        #expect(try #require(result.file).starts(with: SampleImages.pngSignature))
    }

    @Test func `a drawing is cleaned and stays one where the settings say so`() async throws {
        defer { cleanUp() }
        let svg = Array(
            "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'><script/><rect width='9'/></svg>".utf8)
        let result = try await admit(svg, environment: ["E2B_FCGI_SVG": "sanitise"])
        #expect(result.exit == .status(0))
        #expect(String(decoding: result.output, as: UTF8.self).contains("bytes: passed as SVG 30×20, "))
        let clean = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20\"><rect width=\"9\"/></svg>"
        #expect(result.file == Array(clean.utf8))
    }

    @Test func `the first frame of an animation is converted`() async throws {
        defer { cleanUp() }
        let python = try await ChildProcess(URL(filePath: "/usr/bin/python3"), ["-c", Self.animations], in: folder)
        #expect(await python.ended() == .status(0), "\(python.log)")
        for (name, type, deed) in [
            ("moving.gif", "GIF", "first frame converted"), ("still.gif", "GIF", "converted"),
            ("moving.webp", "WebP", "first frame converted"), ("still.webp", "WebP", "converted"),
        ] {
            let result = try await admit([], [name, "out"])
            #expect(result.exit == .status(0), "\(result.log)")
            let line = String(decoding: result.output, as: UTF8.self)
            #expect(line.hasPrefix("\(type) 30×20, ") && line.contains(" bytes: \(deed) to PNG 30×20, "), "\(line)")
            #expect(try #require(result.file).starts(with: SampleImages.pngSignature))
        }
    }

    private static let animations = """
        from PIL import Image
        frames = [Image.new("RGB", (30, 20), color) for color in ("red", "green", "blue")]
        for kind in ("gif", "webp"):
            frames[0].save("still." + kind)
            frames[0].save("moving." + kind, save_all=True, append_images=frames[1:])
        """

    @Test func `what is not admitted is named with the reason`() async throws {
        defer { cleanUp() }
        for (image, reason) in [
            (Array(png.dropLast()), "the PNG ends early"), ([], "it is empty"),
            (Array("GIF89a".utf8), "the GIF ends early"),
            (Array("BM".utf8), "it is none of PNG, JPEG, SVG, GIF and WebP"),
        ] {
            let result = try await admit(image, ["-", "out"])
            #expect(result.exit == .status(1) && result.file == nil && result.output.isEmpty)
            #expect(result.log == "Error: standard input is rejected: \(reason)\n")
        }
    }

    @Test func `no more is read than may come`() async throws {
        defer { cleanUp() }
        // It never ends.
        let endless = try await admit([], ["/dev/zero", "out"])
        #expect(endless.exit == .status(1))
        #expect(endless.log == "Error: /dev/zero is rejected: more bytes than the limit of 33554432\n")
        let exact = try await admit(
            Array(repeating: 0, count: 1001), environment: ["E2B_FCGI_IMAGE_INPUT_BYTES": "1000"])
        #expect(exact.log == "Error: in is rejected: more bytes than the limit of 1000\n")
    }

    @Test func `files that cannot be read or written are named`() async throws {
        defer { cleanUp() }
        #expect(try await admit(png, ["absent", "out"]).log.hasPrefix("Error: absent cannot be read: No such file"))
        #expect(try await admit(png, [".", "out"]).log.hasPrefix("Error: . cannot be read: Is a directory"))
        let full = try await admit(png, ["in", "/dev/full"])
        #expect(full.exit == .status(1) && full.log.hasPrefix("Error: /dev/full cannot be written: No space left"))
    }

    /// Files of at most 200 kB, by name.
    private static let bombs = """
        import struct, zlib
        def chunk(name, data): return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        def png(side, extra, data):
            header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
            return b"\\x89PNG\\r\\n\\x1a\\n" + header + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")
        zeros = zlib.compress(bytes(150 << 20), 9)
        row = zlib.compress(bytes(2))
        bombs = {
            "vast": png(60000, b"", zeros[:1000]), "data": png(1, b"", zeros), "text": png(1, chunk(b"zTXt", b"k\\0\\0" + zeros), row),
            "profile": png(1, chunk(b"iCCP", b"k\\0\\0" + zeros), row),
        }
        for name, data in bombs.items():
            with open(name, "wb") as file: file.write(data)
        """

    @Test func `bombs stay small`() async throws {
        defer { cleanUp() }
        let python = try await ChildProcess(Binaries.system("python3"), ["-c", Self.bombs], in: folder)
        #expect(await python.ended() == .status(0), "\(python.log)")
        for (name, reason) in [
            ("vast", "60000×60000 pixels, over the limit of 100 megapixels"), ("data", "PNG does not decode: "),
        ] {
            let result = try await admit([], [name, "out"])
            #expect(result.exit == .status(1) && result.file == nil)
            #expect(result.log.hasPrefix("Error: \(name) is rejected: \(reason)"))
        }
        for name in ["text", "profile"] {
            let result = try await admit([], [name, "out"])
            #expect(result.exit == .status(0))
            // What would inflate is gone.
            #expect(try #require(result.file).count < 100)
        }
    }
}
