@testable import ImageGate

/// What holds of every image that the gate admits.
enum Images {
    /// A box and a budget that small inputs are over, and the ones of the service. Few pixels: a header can ask for many.
    private static let policies = [(12, 30, 1000), (768, 2000, 100_000)].map { shortSide, longSide, budget in
        var policy = ImagePolicy()
        (policy.shortSide, policy.longSide, policy.byteBudget) = (shortSide, longSide, budget)
        policy.pixelLimit = 1 << 14
        // Where fewer colours are taken, ink may look darker than it was.
        policy.ground = budget < 100_000 ? .keep : .white
        // A drawing is a process; and librsvg is not ours to fuzz.
        policy.svg = .sanitise
        return policy
    }

    /// Most that comes of a PNG is over the small budget, and then far more time goes into colours than into what is read.
    private static func policies(for bytes: [UInt8], _ type: ImageType) -> [ImagePolicy] {
        guard type == .png, bytes.reduce(0, &+) & 63 != 0 else { return policies }
        var policies = policies
        policies[0].byteBudget = policies[1].byteBudget
        return policies
    }

    /// As they are; with CRCs that are right, because no mutation finds those; or as rows of a PNG, see ``PNGRecipe``.
    static func checkPNG(_ bytes: [UInt8]) throws(Violation) {
        guard bytes.starts(with: ImageType.pngSignature.prefix(2)) else {
            return try check(PNGRecipe.png(bytes), .png)
        }
        try check(bytes, .png)
        let repaired = PNGRecipe.withRightCRCs(bytes)
        if repaired != bytes { try check(repaired, .png) }
    }

    static func check(_ bytes: [UInt8], _ type: ImageType) throws(Violation) {
        for policy in policies(for: bytes, type) {
            guard let image = try? admit(bytes, type, policy) else { continue }
            try require(image.bytes.count <= policy.byteBudget, "over the budget: \(image.bytes.count) bytes")
            if image.type != .svg {
                try require(
                    min(image.width, image.height) <= policy.shortSide
                        && max(image.width, image.height) <= policy.longSide,
                    "out of the box: \(image.width)×\(image.height)")
            }
            let again: AdmittedImage
            do throws(ImageGateError) {
                again = try admit(image.bytes, image.type, policy)
            } catch {
                throw Violation("what was admitted is rejected: \(error)")
            }
            try require(again.treatment == .passed, "what was admitted is changed: \(again.treatment)")
            try require(again.bytes == image.bytes, "what was admitted has other bytes the second time")
            try require(
                (again.width, again.height) == (image.width, image.height),
                "\(image.width)×\(image.height) is \(again.width)×\(again.height) the second time")
        }
    }

    static func checkSVG(_ bytes: [UInt8]) throws(Violation) {
        try check(bytes, .svg)
        // Without the gate's sniffing and its budget.
        try Drawings.check(bytes, policies[0])
        try Drawings.checkBelief(bytes, policies[0])
    }

    private static func admit(
        _ bytes: [UInt8], _ type: ImageType, _ policy: ImagePolicy
    ) throws(ImageGateError) -> AdmittedImage {
        try Admission(policy: policy, cancellation: Cancellation()).admit(bytes, claimed: type)
    }
}
