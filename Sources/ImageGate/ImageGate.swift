/// Encoded image in, admitted image or a reason out.
///
/// Decoding blocks, so it runs on the gate's own threads.
package final class ImageGate: Sendable {
    package init(policy: ImagePolicy, threads: Int = 2) {}

    /// Decodes all of `bytes` within the policy's limits.
    ///
    /// - Parameter claimed: the type that the sender says it is; the bytes decide, and a lie is a rejection.
    package func admit(_ bytes: [UInt8], claimed: ImageType) async throws(ImageRejection) -> AdmittedImage {
        fatalError()
    }
}
