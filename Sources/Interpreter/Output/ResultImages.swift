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

/// An image as it came, with the memory that it takes.
struct HeldImage: Sendable {
    let bytes: [UInt8]
    let type: ImageType
    let room: ByteBudget.Reservation?
}

/// An image that gets a link.
struct ImageToLink: Sendable {
    /// Its number among all images of the execution, from 1 on.
    let number: Int
    let image: HeldImage
    /// Whether the answer has the image as well.
    let isShown: Bool
}

/// The images of one execution, on their way through the gate.
///
/// Of too many the first and the last ones are shown: the last state of a plot is what the others led to. Those that come when
/// there are too many are not decoded before it is known which of them are the last.
///
/// Each is decoded while the code goes on, so that an answer mostly does not have to wait for its images. If the answer has a
/// budget for all images together, an image that will probably exceed its share waits until all of them are known, because it
/// would be made twice otherwise.
struct ResultImages {
    private enum Entry {
        case underWay(Admission)
        /// It waits for its share.
        case waiting(HeldImage)
        /// It is only linked.
        case linked(Result<HeldImage, ImageGateError>)
        /// It may be none of the last ones.
        case late(CapturedImage, ByteBudget.Reservation?)
    }

    private struct Numbered {
        /// Among all images of the execution, from 1 on.
        let number: Int
        var entry: Entry
        /// The image as it came, if it gets a link where it is not shown.
        let source: HeldImage?
    }

    /// Tells an image from others without its bytes.
    private struct Fingerprint: Hashable {
        let type: ImageType
        let count: Int
        let hash: Int
    }

    private struct Admitted: Sendable {
        let image: AdmittedImage
        /// The image as it came, if another one may have to be made of it.
        let source: HeldImage?

        var held: HeldImage { source ?? HeldImage(bytes: image.bytes, type: image.type, room: nil) }
    }

    private typealias Outcome = Result<Admitted, ImageGateError>
    private typealias Admission = Task<Outcome, Never>

    private let limit: Int
    private let batch: ImageBatch
    private let use: ImageUse
    private let canLink: Bool
    private var gate: ImageGate?
    private var entries: [Numbered] = []
    private var seen: Set<Fingerprint> = []
    private var count = 0
    /// Images beyond the limit that can still get a link.
    private var beyond: [(number: Int, image: HeldImage)] = []
    private var leftOut = 0
    /// The images that are to get a link, known after ``images(within:)``.
    private(set) var toLink: [ImageToLink] = []

    /// - Parameters:
    ///   - owner: who asked for the execution.
    ///   - canLink: whether the sandbox stays, so that a link to a file in it works.
    init(limit: Int, owner: String, use: ImageUse = .asAdmitted, canLink: Bool = false) {
        self.limit = limit
        self.use = use
        self.canLink = canLink && use.canLink
        batch = ImageBatch(owner: owner)
    }

    var isEmpty: Bool { entries.isEmpty }

    /// How many of the first ones are shown.
    private var firstCount: Int { limit / 2 }

    /// Whether this has not been asked of the same image before: a figure is often shown, and is the value of the code as well.
    mutating func isNew(_ image: CapturedImage) -> Bool {
        guard let bytes = try? image.bytes.get(), !bytes.isEmpty, seen.count < Self.seenLimit else { return true }
        // An array would hash each byte by itself, which takes longer than all else that the responder does with an image.
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return seen.insert(Fingerprint(type: image.type, count: bytes.count, hash: hasher.finalize())).inserted
    }

    /// - Parameter room: the reserved memory of the image's bytes, which is given back with them.
    mutating func add(_ image: CapturedImage, _ gate: ImageGate, holding room: ByteBudget.Reservation? = nil) {
        self.gate = gate
        count += 1
        let source = canLink ? try? HeldImage(bytes: image.bytes.get(), type: image.type, room: room) : nil
        if entries.count < limit {
            let isLast = entries.count >= firstCount
            let entry = entry(of: image, gate, room)
            return entries.append(Numbered(number: count, entry: entry, source: isLast ? source : nil))
        }
        let latest = Numbered(number: count, entry: .late(image, room), source: source)
        guard limit > 0 else { return leaveOut(latest) }
        leaveOut(entries.remove(at: firstCount))
        entries.append(latest)
    }

    private static let seenLimit = 10_000

    private func entry(of image: CapturedImage, _ gate: ImageGate, _ room: ByteBudget.Reservation?) -> Entry {
        guard case .success(let bytes) = image.bytes, case .shared(let budget, _) = use else {
            return .underWay(admission(of: image.bytes, image.type, gate, holding: room))
        }
        let held = HeldImage(bytes: bytes, type: image.type, room: room)
        guard use.showsImages else { return .linked(held.checked) }
        let isLarge = !entries.isEmpty && bytes.count > budget / (entries.count + 1)
        return isLarge && bytes.count <= Self.sourceLimit
            ? .waiting(held) : .underWay(admission(of: image.bytes, image.type, gate, holding: room))
    }

    private mutating func leaveOut(_ numbered: Numbered) {
        if case .underWay(let admission) = numbered.entry { admission.cancel() }
        guard let image = numbered.source, beyond.count < Self.beyondLimit,
            beyond.reduce(image.bytes.count, { $0 + $1.image.bytes.count }) <= Self.beyondBytes
        else {
            leftOut += 1
            return
        }
        beyond.append((numbered.number, image))
    }

    /// Bytes of an image that is kept until all are known. Of a larger one the thumbnail is taken.
    private static let sourceLimit = 2 << 20
    private static let beyondLimit = 50
    private static let beyondBytes = 16 << 20

    private func admission(
        of bytes: Result<[UInt8], ImageGateError>, _ type: ImageType, _ gate: ImageGate,
        holding room: ByteBudget.Reservation?, within share: Int? = nil
    ) -> Admission {
        var policy = use.policy(gate.policy, for: type)
        if let share { policy.byteBudget = min(policy.byteBudget, share) }
        return Task { [batch, use, canLink, policy] in
            defer { withExtendedLifetime(room) {} }
            do throws(ImageGateError) {
                let held = HeldImage(bytes: try bytes.get(), type: type, room: room)
                let admitted = try await gate.measured(held.bytes, claimed: held.type, in: batch, by: policy)
                // An image that passed is its own source.
                let isNeeded =
                    canLink && use.linksAll
                    || use.canLink && admitted.treatment != .passed && held.bytes.count <= Self.sourceLimit
                return .success(Admitted(image: admitted, source: isNeeded ? held : nil))
            } catch {
                return .failure(error)
            }
        }
    }

    // MARK: - When all have been made

    /// Waits for the gate, at most `wait`.
    ///
    /// - Returns: the admitted images in the order in which they were made, and one line for each image that is not shown as
    ///   it was made.
    mutating func images(within wait: Duration) async -> (admitted: [AdmittedImage], notes: [String]) {
        // Most executions draw nothing, and a timer would cost them more than all else that happens here.
        guard !entries.isEmpty || !beyond.isEmpty || leftOut > 0 else { return ([], []) }
        let deadline = ContinuousClock.now + wait
        for index in entries.indices {
            guard case .late(let image, let room) = entries[index].entry, let gate else { continue }
            entries[index].entry = entry(of: image, gate, room)
        }
        let settled = await settled(until: deadline)
        var admitted: [AdmittedImage] = []
        var notes: [String] = []
        for (index, entry) in settled.enumerated() {
            let number = entries[index].number
            switch entry {
            case .success(let entry):
                if let image = entry.shown {
                    admitted.append(image)
                    if use != .asFiles, let note = image.note { notes.append("Image \(number): \(note)") }
                }
                let isShown = entry.shown != nil
                if canLink, use.linksAll || !isShown {
                    toLink.append(ImageToLink(number: number, image: entry.held, isShown: isShown))
                } else if !isShown {
                    notes.append("Image \(number): \(use.showsImages ? Self.noRoom : Self.noLink)")
                }
            case .failure(.cancelled) where deadline <= .now:
                notes.append("Image \(number): left out, there was no time to decode it within \(wait.wholeWords)")
            case .failure(let rejection):
                notes.append("Image \(number): rejected, \(rejection)")
            }
        }
        for (number, image) in beyond {
            toLink.append(ImageToLink(number: number, image: image, isShown: false))
        }
        toLink.sort { $0.number < $1.number }
        if leftOut > 0 {
            notes.append(
                "\(leftOut) of \(count) left out: an answer carries at most \(limit) images, the first and the last ones"
            )
        }
        return (admitted, notes)
    }

    private static let noRoom = "not shown, the answer has no room for it beside the others"
    private static let noLink = "not shown, and without a link, because its sandbox ends with the call"

    /// What became of an image that is not rejected: the one that the answer has, if it has one, and the one for a link.
    private typealias Settled = (shown: AdmittedImage?, held: HeldImage)

    private func settled(until deadline: ContinuousClock.Instant) async -> [Result<Settled, ImageGateError>] {
        let underWay = entries.compactMap { entry in
            if case .underWay(let admission) = entry.entry { admission } else { nil }
        }
        var outcomes = await Self.outcomes(of: underWay, until: deadline)[...]
        var settled: [Result<Settled, ImageGateError>] = []
        var images: [ImageShares.Image] = []
        for (index, entry) in entries.enumerated() {
            switch entry.entry {
            case .underWay:
                let outcome = outcomes.popFirst() ?? .failure(.cancelled)
                settled.append(outcome.map { ($0.image, $0.held) })
                if case .success(let admitted) = outcome {
                    images.append(.init(index: index, first: admitted.image, source: admitted.held))
                }
            case .waiting(let held):
                settled.append(.success((nil, held)))
                images.append(.init(index: index, first: nil, source: held))
            case .linked(let held): settled.append(held.map { (nil, $0) })
            case .late: settled.append(.failure(.cancelled))
            }
        }
        guard case .shared(let budget, _) = use, let gate else { return settled }
        var shares = ImageShares(budget, images)
        while let next = shares.next() {
            let held = next.image.source
            let admission = admission(
                of: .success(held.bytes), held.type, gate, holding: held.room, within: next.share)
            let outcome = await Self.outcomes(of: [admission], until: deadline).first ?? .failure(.cancelled)
            shares.settle(next.image, outcome.map(\.image))
        }
        for (index, outcome) in shares.outcomes {
            settled[index] = outcome.flatMap { shown in settled[index].map { (shown, $0.held) } }
        }
        return settled
    }

    /// Waits for all; those that are not done at the deadline are cancelled.
    private static func outcomes(
        of admissions: [Admission], until deadline: ContinuousClock.Instant
    ) async -> [Outcome] {
        let timer = Task {
            // Cancelled when all have come.
            guard (try? await Task.sleep(until: deadline)) != nil else { return }
            for admission in admissions { admission.cancel() }
        }
        defer { timer.cancel() }
        var outcomes: [Outcome] = []
        for admission in admissions {
            outcomes.append(
                await withTaskCancellationHandler {
                    await admission.value
                } onCancel: {
                    admission.cancel()
                })
        }
        return outcomes
    }
}

extension HeldImage {
    /// Whether it seems to be what it claims, for a link: nobody decodes it here.
    fileprivate var checked: Result<HeldImage, ImageGateError> {
        guard let actual = ImageType.sniff(bytes) else { return .failure(bytes.isEmpty ? .empty : .unknownType) }
        return actual == type ? .success(self) : .failure(.typeMismatch(claimed: type, actual: actual))
    }
}

extension AdmittedImage {
    /// nil when the image is shown as it was made.
    fileprivate var note: String? {
        guard isOnWhite else { return change }
        return (change ?? "shown as made") + ", on a white ground behind dark ink on transparency"
    }

    private var change: String? {
        let size = "\(width)×\(height)"
        switch treatment {
        case .passed: return nil
        case .rasterised: return "drawn from SVG at \(size)"
        case .rasterisedInPart:
            return "drawn from SVG at \(size), without images or elements in it that cannot be drawn here"
        case .thumbnailed where isAsLarge && isOnWhite: return "shown at \(size) as made"
        case .thumbnailed where isAsLarge:
            return "shown at \(size) as made, encoded again as \(type.rawValue.uppercased()) of \(bytes.count) bytes"
        case .thumbnailed: return "shown at \(size)\(madeAt)"
        case .converted(let source): return "\(source.name), shown as \(type.name) at \(size)\(madeAt)"
        case .firstFrame(let source): return "first frame of a \(source.name), shown at \(size)\(madeAt)"
        }
    }

    private var isAsLarge: Bool { (width, height) == (originalWidth, originalHeight) }
    private var madeAt: String { isAsLarge ? "" : ", made at \(originalWidth)×\(originalHeight)" }
}
