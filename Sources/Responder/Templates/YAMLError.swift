/// Why a text is not the YAML we take.
struct YAMLError: Error, Equatable {
    /// From 1; nil where no line is to blame.
    let line: Int?
    /// The end of a sentence, without a full stop.
    let reason: String
}
