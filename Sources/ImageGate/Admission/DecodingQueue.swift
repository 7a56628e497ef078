/// The queue of images, which determines the image that is decoded next.
///
/// Owners take turns, and so do the executions of one owner, so that an owner with many or slow images does not delay
/// other owners. Images of one execution are decoded one after the other, because they share its processor time. Fewer
/// drawings may be decoded at a time than there are threads, so that slow drawings never keep plots waiting.
struct DecodingQueue<Work: Sendable>: Sendable {
    struct Entry: Sendable {
        let batch: ImageBatch
        let role: DecoderRole
        let work: Work
    }

    private struct Owner {
        let name: String
        /// The executions in the order of their turns; each has entries.
        var executions: [Execution]
    }

    private struct Execution {
        let batch: ImageBatch
        /// The entries in the order in which they came.
        var entries: [Entry]
    }

    /// The largest number of entries of each role that may be in progress at a time.
    private let places: [DecoderRole: Int]
    private var underWay: [DecoderRole: Int] = [:]
    private var busy: Set<ObjectIdentifier> = []
    /// The owners in the order of their turns; each has executions.
    private var owners: [Owner] = []

    init(places: [DecoderRole: Int]) { self.places = places }

    var isEmpty: Bool { owners.isEmpty }

    mutating func add(_ entry: Entry) {
        let owner = owners.firstIndex { $0.name == entry.batch.owner }
        guard let owner else {
            owners.append(
                Owner(name: entry.batch.owner, executions: [Execution(batch: entry.batch, entries: [entry])]))
            return
        }
        if let execution = owners[owner].executions.firstIndex(where: { $0.batch === entry.batch }) {
            owners[owner].executions[execution].entries.append(entry)
        } else {
            owners[owner].executions.append(Execution(batch: entry.batch, entries: [entry]))
        }
    }

    /// Takes the next entry that may begin now; nil if there is none. The caller passes it to `finish` when it is done.
    mutating func take() -> Entry? {
        for owner in owners.indices {
            for execution in owners[owner].executions.indices {
                let candidate = owners[owner].executions[execution]
                guard !busy.contains(ObjectIdentifier(candidate.batch)),
                    let index = candidate.entries.firstIndex(where: { hasPlace(for: $0.role) })
                else { continue }
                let entry = remove(owner: owner, execution: execution, index, endsTurn: true)
                busy.insert(ObjectIdentifier(entry.batch))
                underWay[entry.role, default: 0] += 1
                return entry
            }
        }
        return nil
    }

    mutating func finish(_ entry: Entry) {
        busy.remove(ObjectIdentifier(entry.batch))
        underWay[entry.role, default: 0] -= 1
    }

    /// Removes an entry that was cancelled.
    mutating func remove(where isIt: (Work) -> Bool) -> Entry? {
        for owner in owners.indices {
            for execution in owners[owner].executions.indices {
                let entries = owners[owner].executions[execution].entries
                guard let index = entries.firstIndex(where: { isIt($0.work) }) else { continue }
                return remove(owner: owner, execution: execution, index, endsTurn: false)
            }
        }
        return nil
    }

    private func hasPlace(for role: DecoderRole) -> Bool { underWay[role, default: 0] < places[role, default: 0] }

    private mutating func remove(owner: Int, execution: Int, _ index: Int, endsTurn: Bool) -> Entry {
        let entry = owners[owner].executions[execution].entries.remove(at: index)
        if endsTurn || owners[owner].executions[execution].entries.isEmpty {
            let rest = owners[owner].executions.remove(at: execution)
            if !rest.entries.isEmpty { owners[owner].executions.append(rest) }
        }
        if endsTurn || owners[owner].executions.isEmpty {
            let rest = owners.remove(at: owner)
            if !rest.executions.isEmpty { owners.append(rest) }
        }
        return entry
    }
}
