/// A limit at which a program is stopped.
package enum ProgramLimit: Equatable, Sendable {
    case time
    /// What it prints and draws.
    case output
}
