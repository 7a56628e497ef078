import ImageGate

/// Divides a budget of bytes among the images of an answer, one image after the other.
///
/// A small image gets what it has, and leaves the rest to the others; what an image does not use of its share is left to those
/// after it. If the shares would become so small that nothing can be recognised, images in the middle get none: the first and
/// the last ones of a series tell the most.
struct ImageShares {
    struct Image {
        /// Its place in the answer.
        let index: Int
        /// The image as the gate admitted it first; nil if it was not decoded yet.
        let first: AdmittedImage?
        /// What a smaller one is made of.
        let source: HeldImage

        /// Bytes that it takes as it is. One that was not decoded yet takes no more than it has, if it is of a type that passes.
        fileprivate var size: Int {
            first?.bytes.count ?? ([.png, .jpeg].contains(source.type) ? source.bytes.count : .max)
        }
    }

    /// The least number of bytes for which an image is made smaller.
    static let floor = 4000

    /// What is shown of each image, by its index: nil if there is no room for it.
    private(set) var outcomes: [Int: Result<AdmittedImage?, ImageGateError>] = [:]
    private var room: Int
    /// Those that may have to be made smaller, the next one last.
    private var pending: [Image]
    /// Those that could not be made smaller.
    private var failed: [Image] = []

    init(_ budget: Int, _ images: [Image]) {
        room = budget
        let chosen = Set(Self.chosen(of: images.map(\.size), budget))
        for (rank, image) in images.enumerated() where !chosen.contains(rank) { outcomes[image.index] = .success(nil) }
        let sharing = images.enumerated().filter { chosen.contains($0.offset) }.map(\.element)
        // Those whose sizes are not known go first, so that others get what they leave; the small ones last.
        pending = sharing.sorted {
            ($0.first == nil ? .max : $0.size, $1.index) < ($1.first == nil ? .max : $1.size, $0.index)
        }
    }

    /// The next image that has to be made within its share; nil if there is none.
    mutating func next() -> (image: Image, share: Int)? {
        while let image = pending.popLast() {
            let share = shares(of: room, among: pending.map(\.size) + [image.size]).last ?? 0
            guard let first = image.first, first.bytes.count <= share else { return (image, share) }
            show(first, image)
        }
        // The others may have left room after all.
        for image in failed {
            guard let first = image.first, first.bytes.count <= room else { continue }
            show(first, image)
        }
        failed = []
        return nil
    }

    /// - Parameter made: the image that was made for its share.
    mutating func settle(_ image: Image, _ made: Result<AdmittedImage, ImageGateError>) {
        switch (made, image.first) {
        case (.success(var smaller), let first):
            if let first {
                // What it was made of may be a thumbnail itself.
                (smaller.originalWidth, smaller.originalHeight) = (first.originalWidth, first.originalHeight)
                if first.treatment != .passed { smaller.treatment = first.treatment }
                if first.isOnWhite { smaller.isOnWhite = true }
            }
            show(smaller, image)
        case (.failure, .some):
            outcomes[image.index] = .success(nil)
            failed.append(image)
        case (.failure(.overBudget), nil): outcomes[image.index] = .success(nil)
        case (.failure(let reason), nil): outcomes[image.index] = .failure(reason)
        }
    }

    private mutating func show(_ admitted: AdmittedImage, _ image: Image) {
        room -= admitted.bytes.count
        outcomes[image.index] = .success(admitted)
    }

    /// The images that get a share.
    private static func chosen(of sizes: [Int], _ budget: Int) -> [Int] {
        var indices = Array(sizes.indices)
        while !indices.isEmpty {
            let shares = Interpreter.shares(of: budget, among: indices.map { sizes[$0] })
            guard zip(indices, shares).contains(where: { $1 < min(sizes[$0], floor) }) else { break }
            indices.remove(at: indices.count / 2)
        }
        return indices
    }
}
