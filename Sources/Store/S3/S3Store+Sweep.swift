internal import FoundationEssentials
internal import Synchronization
internal import System

extension S3Store {
    /// For how long what belongs to no file is kept: a commit takes seconds, but clocks differ.
    private static let orphanAge: TimeInterval = 86_400

    @discardableResult
    package func sweep() async throws(StoreError) -> SweepResult {
        let begun = round.withLock { $0 }
        var swept = begun
        var result = SweepResult()
        let page = try await page(layout.prefix, after: begun.last)
        let now = Date()
        // A note of a use may be late by that much.
        let lifetime = limits.lifetime.inSeconds + client.configuration.touchInterval.inSeconds
        let sidecars = Set(page.objects.lazy.map(\.key).filter { $0.hasSuffix(S3Layout.sidecarSuffix) })
        var sizes: [FileID: Int] = [:]
        for (index, object) in page.objects.enumerated() {
            result.seen += 1
            let age = now.timeIntervalSince(object.modified)
            switch layout.part(object.key) {
            case .bytes(let id, _):
                sizes[id] = object.size
                if sidecars.contains(object.key + S3Layout.sidecarSuffix) { break }
                // Its sidecar would be the next object: the next look begins with this one.
                if index == page.objects.count - 1, page.next != nil, index > 0 { continue }
                if age > Self.orphanAge {
                    try await delete(object.key)
                    result.note(object.size)
                }
            case .sidecar(let id, let owner):
                guard let size = sizes[id] else {
                    if age > Self.orphanAge { try await delete(object.key) }
                    break
                }
                if age > lifetime || object.modified < begun.cutoff(of: owner) {
                    try await remove(id, of: owner)
                    result.note(size)
                } else {
                    swept.add(owner, limits.cost(size), object.modified)
                    result.kept += 1
                    result.keptBytes += size
                }
            case .entry:
                if age > lifetime { try await delete(object.key) }
            case .foreign: break
            }
            swept.last = object.key
        }
        if page.next == nil {
            try await abortUploads(before: now.addingTimeInterval(-Self.orphanAge))
            swept.end(limits, now)
            result.isComplete = true
        }
        // Of two looks at the same time the later one counts.
        round.withLock { [swept] in $0 = swept }
        return result
    }

    private func abortUploads(before date: Date) async throws(StoreError) {
        let answer = try await client.send(
            .init(query: ["max-uploads": "1000", "prefix": layout.prefix, "uploads": ""], accepted: [501]))
        guard let uploads = try? S3UploadListing(xml: answer.body).uploads else { return }
        for upload in uploads where upload.initiated < date {
            guard case .bytes = layout.part(upload.key) else { continue }
            _ = try await client.send(
                .init(method: "DELETE", key: upload.key, query: ["uploadId": upload.id], accepted: [404]))
        }
    }
}

extension SweepResult {
    fileprivate mutating func note(_ size: Int) {
        removed += 1
        removedBytes += size
    }
}

/// What sweeps remember from one look to the next. For each owner it is the bytes of each minute, so that it stays small however
/// many files there are.
struct S3SweepRound: Sendable {
    /// Seconds for which a new file is kept, whatever the budgets are.
    private static let grace: TimeInterval = 600

    /// The key of the last object that was looked at.
    var last: String?
    private var bytes: [StoreOwner: [Int: Int]] = [:]
    /// What was last used before is removed, as the last round has found.
    private var cutoff = Date.distantPast
    private var cutoffs: [StoreOwner: Date] = [:]

    mutating func add(_ owner: StoreOwner, _ size: Int, _ used: Date) {
        bytes[owner, default: [:]][Int(used.timeIntervalSince1970 / 60), default: 0] += size
    }

    func cutoff(of owner: StoreOwner) -> Date { max(cutoff, cutoffs[owner] ?? .distantPast) }

    /// Ends a round.
    mutating func end(_ limits: StoreLimits, _ now: Date) {
        var all: [Int: Int] = [:]
        cutoffs = [:]
        for (owner, minutes) in bytes {
            if let date = Self.cutoff(minutes, limits.ownerBytes) { cutoffs[owner] = date }
            all.merge(minutes) { $0 + $1 }
        }
        // What is new stays for a while, so that whoever has stored it can have it.
        let latest = now.addingTimeInterval(-Self.grace)
        cutoff = min(Self.cutoff(all, limits.bytes) ?? .distantPast, latest)
        cutoffs = cutoffs.mapValues { min($0, latest) }
        bytes = [:]
        last = nil
    }

    /// The beginning of the oldest minute whose files fit with all later ones; nil if all do.
    private static func cutoff(_ minutes: [Int: Int], _ limit: Int) -> Date? {
        var sum = 0
        for (minute, bytes) in minutes.sorted(by: { $0.key > $1.key }) {
            sum += bytes
            if sum > limit { return Date(timeIntervalSince1970: Double(minute + 1) * 60) }
        }
        return nil
    }
}
