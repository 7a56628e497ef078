import E2B
package import ImageGate
import JSON

/// Reads a file.
package struct ReadFile: SessionAction {
    package var session: String
    package var path: SandboxPath
    /// Whether a text is wanted as its bytes, too.
    package var wantsBytes: Bool
    /// Whether a picture is wanted as one, and not as text or bytes.
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
        // Text has no NUL; much that is not text is valid UTF-8 but for that.
        if !wantsBytes, !bytes.contains(0), bytes.withUnsafeBytes(\.isUTF8) {
            // As it stands in the file, terminal escapes and all.
            let text = await CapturedOutput(bytes).shown(call.secrets, keepsEscapes: true) { _ in path.text }
            return ReadFileResult(content: .text(text), size: bytes.count)
        }
        // In base64, a third longer. Before the work of redaction, which would be for nothing.
        guard bytes.count / 3 * 4 < CapturedOutput.shownLimit else {
            throw InterpreterError.bytesNotShown(path.text, count: bytes.count, wereAskedFor: wantsBytes)
        }
        var encoded: [UInt8] = []
        encoded.append(base64: bytes)
        // Bytes are exactly what the file has, or are not shown: an archive with a mask in it would only be broken.
        if let name = call.secrets.nameOfSecret(in: bytes) ?? call.secrets.nameOfSecret(in: encoded) {
            throw InterpreterError.holdsSecret(path.text, name: name)
        }
        return ReadFileResult(content: .bytes(bytes), size: bytes.count)
    }

    /// The file through the gate; nil if it is no picture.
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

    /// The file, and a link to it where pictures are linked.
    private func read(_ call: ActionCall) async throws -> (bytes: [UInt8], link: LinkToFileResult?) {
        let limit = call.limits.fileSize
        let isLinked = wantsPictures && call.images.linksAll && !session.isEmpty
        do {
            return try await inSandbox(call) { sandbox in
                let bytes = try await call.client.read(path.text, limit: limit, holding: call.memory, in: sandbox)
                let link = isLinked ? try call.link(to: path.text, for: ImageLink.lifetime, in: sandbox) : nil
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
        /// As an answer shows it: without secrets, the middle left out where it is long.
        case text(String)
        /// All of them.
        case bytes([UInt8])
        /// As the gate admitted it.
        case picture(AdmittedImage)
        /// A picture that the gate did not admit, and why.
        case rejected(String)
    }

    package let content: Content
    /// Bytes of the file.
    package let size: Int
    /// To a picture, where pictures are linked.
    package var link: LinkToFileResult?
    /// Whether the answer has a picture itself.
    package var isPictureShown = true
}
