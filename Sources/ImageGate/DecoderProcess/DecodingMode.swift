/// The place where the gate decodes.
package enum DecodingMode: Sendable {
    /// The gate decodes on its own threads, without a limit on time or memory. This is for tests of the decoders.
    case inProcess
    /// The gate decodes in confined decoder processes.
    case confined(DecoderConfiguration)
}
