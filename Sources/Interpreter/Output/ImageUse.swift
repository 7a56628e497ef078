import ImageGate

/// What a surface does with the images of an answer.
package enum ImageUse: Equatable, Sendable {
    /// The form in which an answer has images.
    package enum Form: String, CaseIterable, Sendable {
        case inline, link, both
    }

    /// The answer has each image as the gate admits it, drawings included.
    case asAdmitted
    /// The answer has images of pixels, of at most `budget` bytes together, or links to them. An image for which the budget
    /// has no room becomes a link in every form.
    case shared(budget: Int, Form)

    /// The gate's policy for one image.
    func policy(_ standard: ImagePolicy) -> ImagePolicy {
        guard case .shared(let budget, _) = self else { return standard }
        var policy = standard
        policy.byteBudget = min(policy.byteBudget, budget)
        policy.svg = .rasterise
        return policy
    }

    /// Whether images are in the answer itself.
    var showsImages: Bool { self == .asAdmitted || form != .link }
    /// Whether every image gets a link.
    var linksAll: Bool { form == .link || form == .both }

    private var form: Form? {
        guard case .shared(_, let form) = self else { return nil }
        return form
    }
}
