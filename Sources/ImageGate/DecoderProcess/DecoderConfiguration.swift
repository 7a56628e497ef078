/// The configuration of decoder processes: their program, and the time for each image.
package struct DecoderConfiguration: Sendable {
    /// A program whose `main` begins with `DecoderMain.runIfAsked`. By default it is the running program, even if an
    /// update has replaced its file.
    package var executable = "/proc/self/exe"
    /// The processor time that one image may take, on all processors together. Plots need a tenth of it.
    package var processorTime = Duration.seconds(3)
    /// The processor time that all images of one execution may take.
    package var batchTime = Duration.seconds(4)
    /// The longest time for an image by the clock. It ends a decoder process that uses no processor time because it
    /// hangs or is stopped.
    package var deadline = Duration.seconds(60)
    /// Called with a line that the operator should see.
    package var notice: @Sendable (String) -> Void

    /// The least time with which a decoder process is started on an image. It suffices to find out that an image is
    /// malformed.
    static let leastTime = Duration.milliseconds(50)

    package init(notice: @escaping @Sendable (String) -> Void) { self.notice = notice }
}

extension ImagePolicy {
    /// The bytes of address space that decoding may take.
    ///
    /// The sum has three parts: the data that decoders hold, such as the blocks of a JPEG in several scans or the
    /// layers of a drawing; the encoded image and its new encoding; and pixels of twice each side of the box, with
    /// copies and sums of them.
    var decodingMemory: Int { 512 << 20 + 4 * inputByteLimit + 64 * shortSide * longSide }
}
