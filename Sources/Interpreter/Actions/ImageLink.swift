import E2B
import ImageGate
import System

/// A link to an image of an execution. The image was written into a file of the store, or else of the sandbox, for this purpose.
package struct ImageLink: Sendable {
    /// The image's number among all images of the execution, from 1 on.
    package let number: Int
    /// nil if the image could not be put into a file.
    package let link: LinkToFileResult?
    /// Whether the answer has the image as well.
    package let isShown: Bool

    static let lifetime = Duration.seconds(3600)
}

extension ActionCall {
    /// Writes images into files of the sandbox, and creates links to them.
    func links(to images: [ImageToLink], in sandbox: Sandbox) async -> [ImageLink] {
        var links: [ImageLink] = []
        // If the sandbox did not accept one file, the next ones are not tried: each would take the answer's time.
        var isBroken = false
        for image in images {
            let made = isBroken ? nil : await link(to: image, in: sandbox)
            isBroken = made == nil
            links.append(ImageLink(number: image.number, link: made, isShown: image.isShown))
        }
        return links
    }

    private func link(to image: ImageToLink, in sandbox: Sandbox) async -> LinkToFileResult? {
        let held = image.image
        if isSharing {
            return await share(held.bytes, held.type, named: "image-\(image.number).\(held.type.rawValue)")
        }
        let path = "/tmp/image-\(id)-\(image.number).\(held.type.rawValue)"
        let limit = min(deadline.end, .now + Self.fileLimit + .seconds(held.bytes.count >> 21))
        return await E2BClient.$deadline.withValue(limit) {
            do throws(E2BError) {
                _ = try await client.write(held.bytes, to: path, in: sandbox)
                return try link(to: path, for: ImageLink.lifetime, in: sandbox)
            } catch {
                return nil
            }
        }
    }

    /// The time limit of writing one file. Each two megabytes add a second to it.
    private static let fileLimit = Duration.seconds(5)
}
