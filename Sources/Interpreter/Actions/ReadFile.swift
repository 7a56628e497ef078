import E2B
package import ImageGate
import JSON

/// Reads a file of the sandbox.
package struct ReadFile: SessionAction {
    package var session: String
    package var path: SandboxPath
    /// Whether the caller wants the bytes of a text file, too, and not the text.
    package var wantsBytes: Bool
    /// Whether the caller wants a picture as an image, and not as text or bytes.
    package var wantsPictures: Bool

    package init(session: String, path: SandboxPath, wantsBytes: Bool = false, wantsPictures: Bool = false) {
        self.session = session
        self.path = path
        self.wantsBytes = wantsBytes
        self.wantsPictures = wantsPictures
    }

    package func perform(_ call: ActionCall) async throws -> ReadFileResult {
        let (bytes, link) = try await read(call)
        if wantsPictures, let content = await picture(in: bytes, call) {
            return ReadFileResult(
                content: content, size: bytes.count, link: link, isPictureShown: call.images.showsImages)
        }
        // A file is text if it is valid UTF-8 and has no NUL byte. Many binary files are valid UTF-8 by chance, but
        // most of them have a NUL.
        if !wantsBytes, !bytes.contains(0), bytes.withUnsafeBytes(\.isUTF8) {
            // The text keeps its terminal escapes, because they belong to the file.
            let text = await CapturedOutput(bytes).shown(call.secrets, keepsEscapes: true) { _ in path.text }
            return ReadFileResult(content: .text(text), size: bytes.count)
        }
        // Base64 is a third longer than the bytes. The size is checked before the search for secrets, which would be
        // wasted.
        guard bytes.count / 3 * 4 < CapturedOutput.shownLimit else {
            throw InterpreterError.bytesNotShown(path.text, count: bytes.count, wereAskedFor: wantsBytes)
        }
        var encoded: [UInt8] = []
        encoded.append(base64: bytes)
        // A file with a secret is refused as a whole: an archive with a mask in the secret's place would be broken.
        if let name = call.secrets.nameOfSecret(in: bytes) ?? call.secrets.nameOfSecret(in: encoded) {
            throw InterpreterError.holdsSecret(path.text, name: name)
        }
        return ReadFileResult(content: .bytes(bytes), size: bytes.count)
    }

    /// Passes the file through the image gate.
    ///
    /// - Returns: nil if the file is not a picture.
    private func picture(in bytes: [UInt8], _ call: ActionCall) async -> ReadFileResult.Content? {
        guard let type = ImageType.sniff(bytes), bytes.count > 3 else { return nil }
        do throws(ImageGateError) {
            var content = bytes
            if type == .svg {
                content = try call.secrets.checked(svg: String(decoding: bytes, as: UTF8.self)).get()
            }
            return .picture(
                try await call.services.runner.admit(content, type, owner: call.owner, for: call.images))
        } catch {
            return .rejected("\(error)")
        }
    }

    /// - Parameter bytes: those of the file.
    /// - Returns: nil if the store does not take them.
    private func link(
        to bytes: [UInt8], _ call: ActionCall, in sandbox: Sandbox
    ) async throws(E2BError) -> LinkToFileResult? {
        guard call.isSharing else { return try call.link(to: path.text, for: ImageLink.lifetime, in: sandbox) }
        guard let type = ImageType.sniff(bytes), bytes.count > 3 else { return nil }
        return await call.share(
            bytes, type, named: path.text.split(separator: "/").last.map(String.init) ?? "picture.\(type.rawValue)")
    }

    /// Reads the file, and creates a link to it if the surface links pictures.
    private func read(_ call: ActionCall) async throws -> (bytes: [UInt8], link: LinkToFileResult?) {
        let limit = call.limits.fileSize
        let isLinked = wantsPictures && call.images.linksAll && (!session.isEmpty || call.isSharing)
        do {
            return try await inSandbox(call) { sandbox in
                let bytes = try await call.client.read(path.text, limit: limit, holding: call.memory, in: sandbox)
                let link = isLinked ? try await link(to: bytes, call, in: sandbox) : nil
                return (bytes, link)
            }
        } catch E2BError.tooLarge {
            throw InterpreterError.fileTooLarge(path.text, limit: limit)
        } catch E2BError.notFound {
            throw InterpreterError.noFile(path.text)
        } catch E2BError.refused(_, let status, let message) where status < 502 {
            throw InterpreterError.notReadable(path.text, why: message)
        }
    }
}

package struct ReadFileResult: Sendable {
    package enum Content: Sendable {
        /// The text for the answer: without secrets, and without the middle of a long text.
        case text(String)
        /// All bytes of the file.
        case bytes([UInt8])
        /// The picture as the gate admitted it.
        case picture(AdmittedImage)
        /// The reason why the gate did not admit the picture.
        case rejected(String)
    }

    package let content: Content
    /// The size of the file in bytes.
    package let size: Int
    /// A link to the picture, if the surface links pictures.
    package var link: LinkToFileResult?
    /// Whether the answer has the picture itself, and not only a link.
    package var isPictureShown = true
}
