import E2B
import ImageGate
import System

/// An image as a result brings it.
struct CapturedImage: Sendable {
    let bytes: Result<[UInt8], ImageGateError>
    let type: ImageType
}

extension CapturedImage {
    fileprivate init(_ bytes: Result<[UInt8], MalformedBase64>, _ type: ImageType) {
        self.init(bytes: bytes.mapError { _ in .malformed(type, why: "its base64 is malformed") }, type: type)
    }

    var byteCount: Int { (try? bytes.get().count) ?? 0 }
}

extension ExecutionResult {
    /// The one format of the result that is shown: PNG, else JPEG, else SVG, else GIF, else WebP.
    func image(_ secrets: SecretRedactor) -> CapturedImage? {
        if let png { return CapturedImage(png, .png) }
        if let jpeg { return CapturedImage(jpeg, .jpeg) }
        if let svg { return CapturedImage(bytes: secrets.checked(svg: svg), type: .svg) }
        if let gif { return CapturedImage(gif, .gif) }
        if let webp { return CapturedImage(webp, .webp) }
        return nil
    }
}

/// The images of one execution, on their way through the gate.
///
/// Each is decoded while the code goes on, so that an answer mostly does not have to wait for its images.
struct ResultImages {
    private typealias Admission = Task<Result<AdmittedImage, ImageGateError>, Never>

    private let limit: Int
    private let batch: ImageBatch
    private var admissions: [Admission] = []
    private var leftOut = 0

    /// - Parameter owner: who asked for the execution.
    init(limit: Int, owner: String) {
        self.limit = limit
        batch = ImageBatch(owner: owner)
    }

    /// - Parameter room: the reserved memory of the image's bytes, which is given back with them.
    mutating func add(_ image: CapturedImage, _ gate: ImageGate, holding room: ByteBudget.Reservation? = nil) {
        guard admissions.count < limit else {
            leftOut += 1
            return
        }
        admissions.append(
            Task { [batch] in
                defer { withExtendedLifetime(room) {} }
                do throws(ImageGateError) {
                    return .success(try await gate.admit(try image.bytes.get(), claimed: image.type, in: batch))
                } catch {
                    return .failure(error)
                }
            })
    }

    /// Waits for the gate, at most `wait`.
    ///
    /// - Returns: the admitted images in the order in which they were made, and one line for each image that is not shown as
    ///   it was made.
    func images(within wait: Duration) async -> (admitted: [AdmittedImage], notes: [String]) {
        // Most executions draw nothing, and a timer would cost them more than all else that happens here.
        guard !admissions.isEmpty || leftOut > 0 else { return ([], []) }
        let deadline = ContinuousClock.now + wait
        let timer = Task { [admissions] in
            // Cancelled when all have come.
            guard (try? await Task.sleep(until: deadline)) != nil else { return }
            for admission in admissions { admission.cancel() }
        }
        defer { timer.cancel() }
        var admitted: [AdmittedImage] = []
        var notes: [String] = []
        for (index, admission) in admissions.enumerated() {
            let outcome = await withTaskCancellationHandler {
                await admission.value
            } onCancel: {
                admission.cancel()
            }
            switch outcome {
            case .success(let image):
                admitted.append(image)
                if let note = image.note { notes.append("Image \(index + 1): \(note)") }
            case .failure(.cancelled) where deadline <= .now:
                notes.append("Image \(index + 1): left out, there was no time to decode it within \(wait.wholeWords)")
            case .failure(let rejection):
                notes.append("Image \(index + 1): rejected, \(rejection)")
            }
        }
        if leftOut > 0 {
            notes.append("\(leftOut) more left out: an answer carries at most \(limit) images")
        }
        return (admitted, notes)
    }
}

extension AdmittedImage {
    /// nil when the image is shown as it was made.
    fileprivate var note: String? {
        let size = "\(width)×\(height)"
        switch treatment {
        case .passed: return nil
        case .rasterised: return "drawn from SVG at \(size)"
        case .thumbnailed where (width, height) == (originalWidth, originalHeight):
            return "shown at \(size) as made, encoded again as \(type.rawValue.uppercased()) of \(bytes.count) bytes"
        case .thumbnailed: return "shown at \(size)\(madeAt)"
        case .converted(let source): return "\(source.name), shown as \(type.name) at \(size)\(madeAt)"
        case .firstFrame(let source): return "first frame of a \(source.name), shown at \(size)\(madeAt)"
        }
    }

    private var madeAt: String {
        (width, height) == (originalWidth, originalHeight) ? "" : ", made at \(originalWidth)×\(originalHeight)"
    }
}
