/// Where the gate decodes.
package enum DecodingMode: Sendable {
    /// On the gate's own threads, without any limit on time or memory: for tests of the decoders.
    case inProcess
    /// In decoder processes that can do nothing else.
    case confined(DecoderConfiguration)
}
