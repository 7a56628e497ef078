import FoundationEssentials
import Interpreter
import JSON
import Synchronization
import System

/// What the service is doing and has done, for people and for monitors. Nothing here waits for anything.
package final class ServiceStatus: Sendable {
    let measurements: Measurements
    let requests: RequestMeasurements
    private let executions: Executions
    private let limits: InterpreterLimits
    private let storage: Storage?
    private let outstanding: @Sendable () -> Int
    private let started: Date
    private let clockStart: ContinuousClock.Instant

    /// - Parameters:
    ///   - earlier: that of the same process with another configuration.
    ///   - outstanding: counts the sandboxes that are being made or ended.
    init(
        _ measurements: Measurements, _ requests: RequestMeasurements, _ executions: Executions,
        _ limits: InterpreterLimits, _ storage: Storage?, continuing earlier: ServiceStatus? = nil,
        outstanding: @escaping @Sendable () -> Int
    ) {
        started = earlier?.started ?? .now
        clockStart = earlier?.clockStart ?? .now
        self.measurements = measurements
        self.requests = requests
        self.executions = executions
        self.limits = limits
        self.storage = storage
        self.outstanding = outstanding
    }

    // MARK: - Metrics

    /// All metrics, in Prometheus' text format.
    package var metrics: String {
        var text = MetricsText()
        text.gauge(
            "e2b_fcgi_build_info", "The version of the service; always 1.",
            [([("version", Version.number)], 1)])
        text.gauge(
            "e2b_fcgi_start_time_seconds", "When the process began, in seconds since 1970.",
            started.timeIntervalSince1970)
        writeRequests(&text)
        writeExecutions(&text)
        writeSandboxes(&text)
        writeUsage(&text)
        if let usage = storage?.usage {
            if let files = usage.files { text.gauge("e2b_fcgi_store_files", "Files in the store.", Double(files)) }
            if let bytes = usage.bytes { text.gauge("e2b_fcgi_store_bytes", "Bytes in the store.", Double(bytes)) }
        }
        return text.text
    }

    private func writeRequests(_ text: inout MetricsText) {
        text.counter(
            "e2b_fcgi_requests_total", "Requests that were answered.",
            requests.answered.all.map { label, count in
                ([("route", label.route), ("status", String(label.status))], Double(count))
            }.sortedByLabels)
        text.histogram(
            "e2b_fcgi_request_duration_seconds", "Time from a request to its answer.",
            requests.durationsByRoute.sorted { $0.key < $1.key }.map { ([("route", $0.key)], $0.value) })
        text.gauge(
            "e2b_fcgi_requests_in_flight", "Requests that are being answered, the waiting ones included.",
            Double(requests.liveCount))
        text.counter(
            "e2b_fcgi_received_bytes_total", "Bytes of bodies of requests that were read.", requests.bytesIn.value)
        text.counter("e2b_fcgi_sent_bytes_total", "Bytes of bodies of answers.", requests.bytesOut.value)
        text.gauge(
            "e2b_fcgi_memory_bytes", "Bytes that requests in flight hold, of those that are limited.",
            Double(limits.memory.heldCount))
        text.gauge(
            "e2b_fcgi_memory_limit_bytes", "Bytes that requests in flight may hold together.",
            Double(limits.memory.limit))
    }

    private func writeExecutions(_ text: inout MetricsText) {
        text.counter(
            "e2b_fcgi_executions_total", "Programs and commands that were run, by language and by how they ended.",
            measurements.executions.all.map { label, count in
                ([("language", label.language), ("outcome", label.ending.rawValue)], Double(count))
            }.sortedByLabels)
        text.gauge("e2b_fcgi_executions_in_flight", "Executions and actions in flight.", Double(executions.count))
        text.gauge(
            "e2b_fcgi_executions_limit", "Executions and actions that may be in flight.", Double(executions.limit))
        text.gauge("e2b_fcgi_queue_waiting", "Requests that wait for a place.", Double(executions.waitingCount))
        text.gauge(
            "e2b_fcgi_queue_limit", "Requests that may wait for a place.", Double(limits.executions.queue))
        text.histogram(
            "e2b_fcgi_queue_seconds", "Wait of a request for a place.", [([], measurements.queueing)])
        text.histogram(
            "e2b_fcgi_run_seconds", "Time of a program or a command in its sandbox.", [([], measurements.running)])
        text.histogram(
            "e2b_fcgi_image_seconds", "Time of an image in the gate, its wait for a decoder included.",
            [([], measurements.admitting)])
        text.counter(
            "e2b_fcgi_images_total", "Images from sandboxes, by verdict and by its reason.",
            measurements.images.all.map { label, count in
                (
                    [("verdict", label.isAdmitted ? "admitted" : "rejected"), ("reason", label.reason)], Double(count)
                )
            }.sortedByLabels)
    }

    private func writeSandboxes(_ text: inout MetricsText) {
        text.counter("e2b_fcgi_sandboxes_created_total", "Sandboxes that were made.", measurements.created.value)
        text.counter("e2b_fcgi_sandboxes_killed_total", "Sandboxes that were killed.", measurements.killed.value)
        text.counter(
            "e2b_fcgi_sandboxes_left_total", "Sandboxes that could not be killed, and were left to their timeouts.",
            measurements.left.value)
        text.gauge(
            "e2b_fcgi_sandboxes_pending", "Sandboxes that are being made or killed.", Double(outstanding()))
        text.histogram(
            "e2b_fcgi_sandbox_create_seconds", "Time until E2B had made a sandbox.", [([], measurements.creating)])
        text.histogram(
            "e2b_fcgi_sandbox_kill_seconds", "Time until E2B had killed a sandbox.", [([], measurements.killing)])
        text.counter(
            "e2b_fcgi_e2b_errors_total", "Calls to E2B that failed, by step and by kind.",
            measurements.failures.all.map { label, count in
                ([("step", label.step), ("kind", label.kind)], Double(count))
            }.sortedByLabels)
    }

    private func writeUsage(_ text: inout MetricsText) {
        let usage = measurements.usage.total.sorted { $0.key < $1.key }
        text.counter(
            "e2b_fcgi_owner_sandbox_seconds_total", "Seconds of sandboxes, by the name of the key.",
            usage.map { ([("owner", $0.key)], $0.value.sandboxSeconds) })
        text.counter(
            "e2b_fcgi_owner_executions_total", "Programs and commands that were run, by the name of the key.",
            usage.map { ([("owner", $0.key)], Double($0.value.executions)) })
        text.counter(
            "e2b_fcgi_owner_bytes_total", "Bytes of bodies, by the name of the key.",
            usage.flatMap { key, usage in
                [
                    ([("owner", key), ("direction", "in")], Double(usage.bytesIn)),
                    ([("owner", key), ("direction", "out")], Double(usage.bytesOut)),
                ]
            })
    }

    // MARK: - Status

    /// The lines of the status in the words of php-fpm, and those of ours after them.
    private var lines: [(name: String, value: JSONNode)] {
        let active = executions.count
        return [
            ("pool", "e2b-fcgi"), ("process manager", "static"),
            ("start time", .number(Int(started.timeIntervalSince1970))),
            ("start since", .number(Int((.now - clockStart).components.seconds))),
            ("accepted conn", .number(requests.accepted.value)),
            ("listen queue", .number(executions.waitingCount)),
            ("max listen queue", .number(executions.mostWaiting)),
            ("listen queue len", .number(limits.executions.queue)),
            ("idle processes", .number(max(0, executions.limit - active))),
            ("active processes", .number(active)),
            ("total processes", .number(executions.limit)),
            ("max active processes", .number(executions.mostInFlight)),
            ("max children reached", .number(executions.waitedCount)),
            ("slow requests", .number(requests.slow.value)),
            ("version", .text(Version.number)),
            ("requests in flight", .number(requests.liveCount)),
            ("memory", .number(limits.memory.heldCount)), ("memory limit", .number(limits.memory.limit)),
            ("sandboxes created", .number(measurements.created.value)),
            ("sandboxes killed", .number(measurements.killed.value)),
            ("sandboxes left", .number(measurements.left.value)),
            ("sandboxes pending", .number(outstanding())),
            ("e2b errors", .number(measurements.failures.total)),
            ("draining", .flag(executions.isRefusing)),
        ]
    }

    /// The status as text.
    ///
    /// - Parameter isFull: whether each live request has a line.
    package func text(isFull: Bool) -> String {
        var text = ""
        for (name, value) in lines {
            let shown =
                switch value {
                case .number(let number) where name == "start time": Self.clock(number)
                case .number(let number): String(number)
                case .flag(let flag): flag ? "yes" : "no"
                case .text(let text): text
                default: ""
                }
            let padding = String(repeating: " ", count: max(1, 22 - name.utf8.count - 1))
            text += "\(name):\(padding)\(shown)\n"
        }
        let usage = usage
        if !usage.isEmpty {
            text += "\nowner, today in UTC: sandbox-seconds, executions, bytes in, bytes out; since the start\n"
            for line in usage {
                let parts = [line.today, line.total].map { usage in
                    "\(Int(usage.sandboxSeconds.rounded())) \(usage.executions) \(usage.bytesIn) \(usage.bytesOut)"
                }
                text += "\(line.owner): \(parts.joined(separator: "; "))\(line.limits.map { " (\($0))" } ?? "")\n"
            }
        }
        guard isFull else { return text }
        text += "\nid, owner, route, state, step, seconds\n"
        for trace in requests.live {
            let owner = trace.owner.isEmpty ? "-" : trace.owner
            text += "\(trace.id) \(owner) \(trace.route) \(trace.state.rawValue) \(trace.step) "
            text += "\((.now - trace.start).components.seconds)\n"
        }
        return text
    }

    /// The status as JSON, with the last errors.
    ///
    /// - Parameter isFull: whether the live requests are listed.
    package func json(isFull: Bool) -> [UInt8] {
        JSONWriter.value(capacity: 4 << 10) { json in
            json.object { json in
                for (name, value) in lines { json.member(name, value) }
                json.member("owners", .list(usage.map(\.node)))
                json.member("recentErrors", .list(requests.errors.all.map(\.node)))
                if isFull { json.member("requests", .list(requests.live.map(Self.node))) }
            }
        }
    }

    private struct OwnerUsage {
        let owner: String
        let today: UsageLedger.Usage
        let total: UsageLedger.Usage
        /// The limits in words; nil if the key has none.
        let limits: String?

        var node: JSONNode {
            [
                "owner": .text(owner), "today": Self.node(today), "total": Self.node(total),
                "limits": limits.map { .text($0) } ?? .null,
            ]
        }

        private static func node(_ usage: UsageLedger.Usage) -> JSONNode {
            [
                "sandboxSeconds": .number(Int(usage.sandboxSeconds.rounded())),
                "executions": .number(usage.executions), "bytesIn": .number(usage.bytesIn),
                "bytesOut": .number(usage.bytesOut),
            ]
        }
    }

    private var usage: [OwnerUsage] {
        let (total, today) = (measurements.usage.total, measurements.usage.today)
        let names = Set(total.keys).union(limits.executions.keys.keys)
        return names.sorted().map { name in
            OwnerUsage(
                owner: name, today: today[name] ?? UsageLedger.Usage(), total: total[name] ?? UsageLedger.Usage(),
                limits: limits.executions.keys[name]?.words)
        }
    }

    private static func node(_ trace: RequestTrace) -> JSONNode {
        let since = Date.now.addingTimeInterval(-(ContinuousClock.now - trace.start).inSeconds)
        return [
            "id": .text(trace.id), "owner": .text(trace.owner), "route": .text(trace.route),
            "state": .text(trace.state.rawValue), "step": .text(trace.step), "since": .text(since.written),
        ]
    }

    /// As php-fpm writes it: `27/Nov/2026:10:00:00 +0000`.
    private static func clock(_ seconds: Int) -> String {
        let written = Date(timeIntervalSince1970: Double(seconds)).written
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = written.split(whereSeparator: { $0 == "-" || $0 == "T" || $0 == "Z" })
        guard parts.count == 4, let month = Int(parts[1]), months.indices.contains(month - 1) else { return written }
        return "\(parts[2])/\(months[month - 1])/\(parts[0]):\(parts[3]) +0000"
    }
}

extension RecentErrors.Entry {
    fileprivate var node: JSONNode {
        [
            "time": .text(Date(timeIntervalSince1970: time).written), "status": .number(status), "route": .text(route),
            "error": .text(error), "step": .text(step), "requestId": .text(requestID),
        ]
    }
}

extension KeyLimits {
    /// The limits as the setting has them.
    fileprivate var words: String {
        [("concurrent", concurrent), ("seconds", seconds), ("executions", executions)]
            .compactMap { name, value in value.map { "\(name)=\($0)" } }.joined(separator: ",")
    }
}

extension [(labels: MetricsText.Labels, value: Double)] {
    /// In a fixed order, so that two scrapes can be compared.
    fileprivate var sortedByLabels: Self {
        sorted { one, other in one.labels.map(\.value).lexicographicallyPrecedes(other.labels.map(\.value)) }
    }
}
