import Interpreter
import Synchronization

/// The requests of this process: how many of each kind there were, and which are live.
final class RequestMeasurements: Sendable {
    struct Label: Hashable, Sendable {
        /// The path of a route; ``Router/noRoute`` for what no endpoint answers.
        let route: String
        let status: Int
    }

    let answered = CounterTable<Label>()
    let bytesIn = Counter()
    let bytesOut = Counter()
    /// Those that took longer than code may run when a request does not say.
    let slow = Counter()
    let accepted = Counter()
    let errors = RecentErrors()
    private let durations = Mutex<[String: Histogram]>([:])
    private let traces = Mutex<[ObjectIdentifier: RequestTrace]>([:])

    /// The requests that are live, the oldest first.
    var live: [RequestTrace] { traces.withLock { Array($0.values) }.sorted { $0.start < $1.start } }
    var liveCount: Int { traces.withLock { $0.count } }

    /// How long requests took, by route.
    var durationsByRoute: [String: Histogram] { durations.withLock { $0 } }

    func began(_ trace: RequestTrace) {
        accepted.add()
        traces.withLock { $0[ObjectIdentifier(trace)] = trace }
    }

    func ended(_ trace: RequestTrace, status: Int, bytesIn: Int, bytesOut: Int, in time: Duration) {
        traces.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(trace)) }
        answered.add(Label(route: trace.route, status: status))
        self.bytesIn.add(bytesIn)
        self.bytesOut.add(bytesOut)
        let histogram = durations.withLock { durations in
            if let histogram = durations[trace.route] { return histogram }
            let histogram = Histogram()
            durations[trace.route] = histogram
            return histogram
        }
        histogram.add(time)
    }
}
