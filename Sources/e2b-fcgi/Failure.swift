/// Why a subcommand ends with status 1, for whoever started it.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What somebody at a terminal should know beside the result.
@Sendable func warn(_ sentence: String) {
    // Nowhere to say it is no reason to fail.
    try? NamedFile.standardError.write(Array("Warning: \(sentence)\n".utf8))
}
