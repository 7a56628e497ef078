/// The reason why an argument is refused, as one sentence that names the parameter.
package struct ArgumentError: Error, Equatable, Sendable {
    package let sentence: String
    /// The sentence for the log, if ``sentence`` repeats the argument, which may be code.
    package let logged: String?
    /// The name of the required parameter, if the error is that the parameter is absent or null.
    package let missing: String?

    package init(_ sentence: String, logged: String? = nil) {
        self.sentence = sentence
        self.logged = logged
        missing = nil
    }

    package init(missing parameter: String) {
        sentence = "`\(parameter)` is required."
        logged = nil
        missing = parameter
    }
}
