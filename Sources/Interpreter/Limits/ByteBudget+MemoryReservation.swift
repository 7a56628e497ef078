package import Budget
import E2B

extension ByteBudget.Reservation: MemoryReservation {
    package func hold(_ count: Int) async -> Bool { await grow(to: count, within: ByteBudget.patience) }
}
