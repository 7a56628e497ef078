/// The reason why a subcommand ends with exit status 1, as a message for the user.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
