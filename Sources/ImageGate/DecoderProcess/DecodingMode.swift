/// Where the gate decodes.
package enum DecodingMode: Sendable {
    /// On the gate's own threads, without a limit on time or memory: for tests of the decoders.
    case inProcess
    /// In decoder processes whose confinement forbids everything else.
    case confined(DecoderConfiguration)
}
