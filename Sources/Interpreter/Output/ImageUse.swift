import ImageGate

/// What a surface does with the images of an answer.
package enum ImageUse: Equatable, Sendable {
    /// The form in which an answer has images.
    package enum Form: String, CaseIterable, Sendable {
        case inline, link, both
    }

    /// The answer has each image as the gate admits it, drawings included.
    case asAdmitted
    /// Images become files, which have their own pixels.
    case asFiles
    /// The answer has images of pixels, of at most `budget` bytes together, or links to them. An image for which the budget
    /// has no room becomes a link in every form.
    case shared(budget: Int, Form)

    /// The gate's policy for one image of the type.
    func policy(_ standard: ImagePolicy, for type: ImageType) -> ImagePolicy {
        var policy = standard
        switch self {
        case .asAdmitted: return standard
        case .asFiles: return standard.keepingPixels(of: type)
        case .shared(let budget, _): policy.byteBudget = min(policy.byteBudget, budget)
        }
        policy.svg = .rasterise
        return policy
    }

    /// Whether images are in the answer itself.
    var showsImages: Bool { form != .link }
    /// Whether every image gets a link.
    var linksAll: Bool { form == .link || form == .both }

    /// Whether an image may get a link, or be made anew for a smaller budget.
    var canLink: Bool { form != nil }

    private var form: Form? {
        guard case .shared(_, let form) = self else { return nil }
        return form
    }
}

extension ImagePolicy {
    /// For an image that goes out with its own pixels, and without what else was in its file. A drawing has none, and gets those of
    /// any other answer.
    func keepingPixels(of type: ImageType) -> ImagePolicy {
        var policy = unbounded
        if type == .svg { (policy.shortSide, policy.longSide) = (shortSide, longSide) }
        policy.svg = .rasterise
        return policy
    }

    /// For an image that goes out with its own pixels, in as many bytes as it takes.
    var unbounded: ImagePolicy {
        var policy = self
        (policy.shortSide, policy.longSide) = (sideLimit, sideLimit)
        policy.byteBudget = inputByteLimit
        return policy
    }

    /// For a small image that is the same for all images with the same pixels.
    var likeness: ImagePolicy {
        var policy = self
        (policy.shortSide, policy.longSide) = (96, 96)
        return policy
    }
}
