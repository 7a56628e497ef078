/// Memory that one call holds, as a part of what all calls of a process together may hold. It is given back when the reservation
/// is freed.
public protocol MemoryReservation: Sendable {
    /// The number of bytes that are held now.
    var count: Int { get }

    /// Grows to `count` bytes, and waits a while if there is no room for them. A reservation that is larger already stays so.
    ///
    /// - Returns: false if there was no room. The call then throws `.outOfMemory`.
    func hold(_ count: Int) async -> Bool

    /// Shrinks to `count` bytes. A reservation that is smaller already stays so.
    func shrink(to count: Int)
}
