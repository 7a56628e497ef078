/// Memory that one call holds, out of what all calls of a process together may hold. It is given back when the reservation is
/// let go.
public protocol MemoryReservation: Sendable {
    /// Bytes that are held now.
    var count: Int { get }

    /// Asks whether it may hold `count` bytes altogether, and waits a while for them. What it holds beyond that stays.
    ///
    /// - Returns: false: there is no room. The call then throws `.outOfMemory`.
    func hold(_ count: Int) async -> Bool

    /// Gives back what is beyond `count` bytes.
    func shrink(to count: Int)
}
