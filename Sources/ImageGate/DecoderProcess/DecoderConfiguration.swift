/// What decoder processes are made of, and what each may take for one image.
package struct DecoderConfiguration: Sendable {
    /// A program whose `main` begins with `DecoderMain.runIfAsked`; as a rule the one that runs, even if the file of
    /// that name is another one by now.
    package var executable = "/proc/self/exe"
    /// Of all processors, for one image. Plots need a tenth of it.
    package var processorTime = Duration.seconds(3)
    /// The same, for all images of one execution.
    package var batchTime = Duration.seconds(4)
    /// On the clock, for a decoder that does not even run.
    package var deadline = Duration.seconds(60)
    /// Told in one line of what an operator should know.
    package var notice: @Sendable (String) -> Void

    /// What a decoder needs to say that something is wrong.
    static let leastTime = Duration.milliseconds(50)

    package init(notice: @escaping @Sendable (String) -> Void) { self.notice = notice }
}

extension ImagePolicy {
    /// Bytes of address space that decoding may take.
    ///
    /// The decoders' own, such as the blocks of a JPEG in several scans or the layers of a drawing; the encoded image and
    /// what is made of it; and pixels of twice each side of the box, with copies and sums of them.
    var decodingMemory: Int { 512 << 20 + 4 * inputByteLimit + 64 * shortSide * longSide }
}
