/// Why a subcommand ends with status 1, for whoever started it.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
