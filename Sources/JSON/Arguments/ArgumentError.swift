/// Why arguments were not taken: one sentence that names the parameter.
package struct ArgumentError: Error, Equatable, Sendable {
    package let sentence: String
    /// For the log, where the sentence repeats what the caller wrote: that may be code.
    package let logged: String?
    /// The required parameter that is absent or null, where that is why.
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
