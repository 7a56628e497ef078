import ImageGate
import TestSupport
import Testing

@testable import Interpreter

/// A budget of bytes for all images of one answer together.
struct SharedImagesTests {
    /// A picture that no encoding makes small: about 58,000 bytes.
    private static let noise: [UInt8] = {
        var random = SplitMix64(state: 7)
        return SampleImages.png(width: 160, height: 120, colorType: 2, bitDepth: 8) { x, y in
            [x * 200 / 160, y * 200 / 120, 90].map { $0 + Int(random.next() & 31) }
        }
    }()
    private static let small = SampleImages.png(width: 20, height: 10)

    private let gate: ImageGate

    init() throws { gate = try ImageGate(policy: .init(), threads: 2, decoding: .inProcess) }

    private func images(
        _ pictures: [[UInt8]], limit: Int = 10, budget: Int = 100_000, _ form: ImageUse.Form = .inline,
        canLink: Bool = true
    ) async -> (shown: [AdmittedImage], notes: [String], toLink: [ImageToLink]) {
        var images = ResultImages(
            limit: limit, owner: "a", use: .shared(budget: budget, form), canLink: canLink)
        for picture in pictures { images.add(CapturedImage(bytes: .success(picture), type: .png), gate) }
        let (shown, notes) = await images.images(within: .seconds(600))
        return (shown, notes, images.toLink)
    }

    private func total(_ images: [AdmittedImage]) -> Int { images.reduce(0) { $0 + $1.bytes.count } }

    /// The gate decodes all of an image that it admits.
    private func decode(_ images: [AdmittedImage]) async throws {
        for image in images {
            let decoded = try await gate.admit(image.bytes, claimed: image.type)
            #expect(decoded.width == image.width && image.width > 0 && decoded.height == image.height)
            #expect(image.originalWidth == 160 && image.originalHeight == 120)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: [2, 5, 20])
    func `all pictures together have no more bytes than the budget, and what is not shown gets a link`(
        count: Int
    ) async throws {
        let result = await images(Array(repeating: Self.noise, count: count))
        #expect(result.shown.count == min(count, 10))
        #expect(total(result.shown) <= 100_000)
        // They use what there is.
        #expect(total(result.shown) >= 40_000)
        try await decode(result.shown)
        #expect(result.toLink.map(\.number) == (count > 10 ? Array(6...15) : []))
        #expect(result.toLink.allSatisfy { $0.image.bytes == Self.noise && !$0.isShown })
        // Each that is not shown as it was made is said.
        #expect(result.notes.count == result.shown.count { $0.treatment != .passed }, "\(result.notes)")
    }

    @Test(.timeLimit(.minutes(10))) func `a picture that has less than its share stays as it is`() async throws {
        let result = await images([Self.small, Self.noise, Self.small], budget: 30_000)
        #expect(result.shown.count == 3)
        #expect([result.shown[0], result.shown[2]].allSatisfy { $0.treatment == .passed && $0.width == 20 })
        // The rest is the large one's.
        #expect(result.shown[1].bytes.count > 12_000)
        #expect(total(result.shown) <= 30_000)
    }

    @Test(.timeLimit(.minutes(10)))
    func `where no share is left that shows anything, pictures of the middle get a link`() async throws {
        let result = await images(Array(repeating: Self.noise, count: 5), budget: 13_000)
        #expect(result.shown.count == 3)
        #expect(total(result.shown) <= 13_000)
        try await decode(result.shown)
        #expect(result.toLink.map(\.number) == [3, 4])
        let gone = await images(Array(repeating: Self.noise, count: 5), budget: 13_000, canLink: false)
        #expect(gone.toLink.isEmpty)
        #expect(gone.notes.contains("Image 3: not shown, the answer has no room for it beside the others"))
    }

    @Test(.timeLimit(.minutes(10))) func `links are for every picture, as it was made`() async throws {
        let linked = await images([Self.small, Self.noise], .link)
        #expect(linked.shown.isEmpty && linked.notes.isEmpty)
        #expect(linked.toLink.map(\.number) == [1, 2])
        #expect(linked.toLink.map(\.image.bytes) == [Self.small, Self.noise])
        let both = await images([Self.small, Self.noise], .both)
        #expect(both.shown.count == 2)
        #expect(both.toLink.allSatisfy(\.isShown) && both.toLink.count == 2)
        let gone = await images([Self.small], .link, canLink: false)
        #expect(gone.shown.isEmpty && gone.toLink.isEmpty && gone.notes.count == 1)
    }

    @Test func `what is no picture gets neither a place nor a link`() async throws {
        let result = await images([Self.small, [1, 2, 3]], .both)
        #expect(result.shown.count == 1)
        #expect(result.toLink.map(\.number) == [1])
        #expect(result.notes.first?.hasPrefix("Image 2: rejected") == true)
    }

    @Test func `a drawing becomes pixels, whatever other surfaces take`() async throws {
        var policy = ImagePolicy()
        policy.svg = .sanitise
        let gate = try ImageGate(policy: policy, threads: 1, decoding: .inProcess)
        var images = ResultImages(limit: 1, owner: "a", use: .shared(budget: 100_000, .inline))
        let drawing =
            "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'><rect width='9' height='9'/></svg>"
        images.add(CapturedImage(bytes: .success(Array(drawing.utf8)), type: .svg), gate)
        let (shown, _) = await images.images(within: .seconds(60))
        #expect(shown.map(\.type) == [.png])
    }

    private func image(_ count: Int) -> AdmittedImage {
        AdmittedImage(
            bytes: Array(repeating: 0, count: count), type: .png, width: 1, height: 1, originalWidth: 9,
            originalHeight: 9, treatment: .passed)
    }

    /// The shares of the images that have to be made smaller, each of which takes `part` of its share.
    private func shares(_ sizes: [Int], part: Double = 1) -> [Int] {
        var shares = ImageShares(
            100_000,
            sizes.enumerated().map { index, size in
                ImageShares.Image(
                    index: index, first: image(size), source: HeldImage(bytes: [], type: .png, room: nil))
            })
        var result: [Int] = []
        while let next = shares.next() {
            result.append(next.share)
            shares.settle(next.image, .success(image(Int(Double(next.share) * part))))
        }
        return result
    }

    @Test func `small pictures leave the rest of their shares to the others, and so do those that need less`() {
        #expect(shares([10, 20]).isEmpty)
        #expect(shares([500, 600_000]) == [99_500])
        #expect(shares([90_000, 90_000, 30_000]) == [35_000, 35_000])
        #expect(shares([90_000, 90_000, 90_000], part: 0.5) == [33_334, 41_667, 62_500])
        #expect(shares([]).isEmpty)
    }

    @Test func `a picture that cannot be made smaller is shown if the others leave room`() {
        var shares = ImageShares(
            100_000,
            [60_000, 60_000].enumerated().map { index, size in
                ImageShares.Image(
                    index: index, first: image(size), source: HeldImage(bytes: [], type: .png, room: nil))
            })
        while let next = shares.next() { shares.settle(next.image, .failure(.noTimeLeft)) }
        #expect(shares.outcomes.values.compactMap { try? $0.get()?.bytes.count } == [60_000])
        #expect(shares.outcomes.count == 2)
    }
}
