import ArgumentParser
import Glibc
import ImageGate
import Responder

/// Checks one image file in the same way as the responder checks each image from a sandbox.
struct Admit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check one image as those from sandboxes are, and write what may be shown of it.",
        discussion:
            "An image that is not admitted is named with the reason, nothing is written, and the exit status is 1.")

    @Argument(help: "The image: PNG, JPEG, SVG, GIF or WebP; - for standard input.")
    var input: String

    @Argument(help: "Where the admitted image goes; - for standard output.")
    var output: String

    @Option(help: "Pixels of the short and the long side, instead of E2B_FCGI_IMAGE_BOX.")
    var box: String?

    @Option(help: "Bytes of what is written, instead of E2B_FCGI_IMAGE_BYTES.")
    var bytes: String?

    @Option(help: "Pixels that may come, instead of E2B_FCGI_IMAGE_PIXELS.")
    var pixels: String?

    @Option(help: "A file of settings, instead of .env in the working directory.")
    var envFile: String?

    mutating func run() async throws {
        StopSignals.shared.leaveToSystem()
        let configuration = try Configuration(environment: makeSettings())
        let policy = configuration.imagePolicy
        let source = NamedFile(input, inherited: STDIN_FILENO)
        let bytes = try source.read(limit: policy.inputByteLimit)
        let gate = try ImageGate(
            policy: policy, threads: 1, decoding: .confined(configuration.makeDecoderConfiguration(notice: warn)))
        let image: AdmittedImage
        let type: ImageType
        do throws(ImageGateError) {
            (image, type) = try await Self.admit(bytes, gate)
        } catch {
            throw Failure("\(source) is rejected: \(error)")
        }
        let target = NamedFile(output, inherited: STDOUT_FILENO)
        try target.write(image.bytes)
        let line = "\(type.name) \(image.originalWidth)×\(image.originalHeight), \(bytes.count) bytes: \(image.summary)"
        // If the image goes to standard output, the line goes to standard error, so that it is not mixed with the
        // image's bytes.
        if target.isInherited { StandardError.lines.write("\(line)\n") } else { print(line) }
    }

    private static func admit(
        _ bytes: [UInt8], _ gate: ImageGate
    ) async throws(ImageGateError) -> (AdmittedImage, ImageType) {
        guard !bytes.isEmpty else { throw .empty }
        guard let type = ImageType.sniff(bytes) else { throw .unknownType }
        return (try await gate.admit(bytes, claimed: type), type)
    }

    /// The settings of the process, in which the options override their settings. ``Configuration`` validates them in
    /// both cases.
    private func makeSettings() throws -> [String: String] {
        var settings = try makeEnvironment(envFile: envFile)
        for (name, value) in [("BOX", box), ("BYTES", bytes), ("PIXELS", pixels)] {
            if let value { settings["E2B_FCGI_IMAGE_\(name)"] = value }
        }
        return settings
    }
}

extension AdmittedImage {
    fileprivate var summary: String {
        let deed =
            switch treatment {
            case .passed: "passed as"
            case .thumbnailed: "thumbnailed to"
            case .rasterised: "rasterised to"
            case .rasterisedInPart: "rasterised, without what cannot be drawn, to"
            case .converted: "converted to"
            case .firstFrame: "first frame converted to"
            }
        return "\(deed) \(type.name) \(width)×\(height), \(bytes.count) bytes\(isOnWhite ? ", on white" : "")"
    }
}
