/// How far a round of the sweep has come. It is kept in a file of the store, so that whichever process looks next goes on from
/// there.
struct SweepProgress: Equatable {
    /// The last owner that was looked at, and the last of its folders; empty at the beginning of a round.
    var owner = ""
    var folder = ""
    /// The bytes that were found of this owner, and of all owners.
    var ownerBytes = 0
    var totalBytes = 0
    /// What the counters said at the beginning, without what was removed since.
    var ownerCounted = 0
    var totalCounted = 0
    /// When the last round ended, in seconds since 1970.
    var completed = 0

    init() {}

    init(_ text: String) {
        let fields = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard fields.count >= 7 else { return }
        (owner, folder) = (fields[0], fields[1])
        let numbers = fields[2..<7].map { Int($0) ?? 0 }
        (ownerBytes, totalBytes) = (numbers[0], numbers[1])
        (ownerCounted, totalCounted, completed) = (numbers[2], numbers[3], numbers[4])
    }

    var text: String {
        "\(owner)\n\(folder)\n\(ownerBytes)\n\(totalBytes)\n\(ownerCounted)\n\(totalCounted)\n\(completed)\n"
    }
}
