/// The transfers, in a binary heap by the time at which the driver has to check them.
///
/// Each transfer knows its index in the heap, so that removing one, as happens to nearly all in time, needs no search.
struct Deadlines {
    private var heap: [Transfer] = []

    var first: Transfer? { heap.first }

    mutating func insert(_ transfer: Transfer) {
        heap.append(transfer)
        transfer.heapIndex = heap.count - 1
        rise(from: heap.count - 1)
    }

    mutating func remove(_ transfer: Transfer) {
        let heapIndex = transfer.heapIndex
        let last = heap.removeLast()
        guard last !== transfer else { return }
        heap[heapIndex] = last
        last.heapIndex = heapIndex
        sink(from: heapIndex)
        rise(from: last.heapIndex)
    }

    /// Restores the order after the transfer's `due` has become later.
    mutating func delay(_ transfer: Transfer) { sink(from: transfer.heapIndex) }

    private mutating func rise(from index: Int) {
        var child = index
        while child > 0, heap[child].due < heap[(child - 1) / 2].due {
            exchange(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func sink(from index: Int) {
        var parent = index
        while true {
            var soonest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].due < heap[soonest].due {
                soonest = child
            }
            guard soonest != parent else { return }
            exchange(parent, soonest)
            parent = soonest
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        heap[one].heapIndex = one
        heap[other].heapIndex = other
    }
}
