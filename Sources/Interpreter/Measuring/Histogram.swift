import Synchronization
import System

/// The distribution of times, as Prometheus has it: how many took at most each of some bounds, and their sum.
package final class Histogram: Sendable {
    package struct Values: Equatable, Sendable {
        /// How many were above the bound before and at most this one, for each bound and for what exceeds the last one.
        package var counts: [Int]
        /// Seconds.
        package var sum = 0.0

        package var total: Int { counts.reduce(0, +) }
    }

    /// Seconds, in ascending order.
    package let bounds: [Double]
    private let state: Mutex<Values>

    /// From a call within a machine to the longest execution.
    package static let standardBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

    package init(bounds: [Double] = Histogram.standardBounds) {
        self.bounds = bounds
        state = Mutex(Values(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    package func add(_ time: Duration) {
        let seconds = time.inSeconds
        let index = bounds.firstIndex { seconds <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += seconds
        }
    }

    package var values: Values { state.withLock { $0 } }
}
