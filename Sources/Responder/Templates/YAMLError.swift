/// The reason why a text is not accepted as YAML.
struct YAMLError: Error, Equatable {
    /// The number of the line, from 1; nil if the error has no line.
    let line: Int?
    /// The end of a sentence, without a full stop.
    let reason: String
}
