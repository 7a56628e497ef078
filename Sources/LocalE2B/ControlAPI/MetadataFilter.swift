/// The `metadata` parameter of a list: pairs that a sandbox must all have. Protocol.md, 2.2.
struct MetadataFilter: Equatable, Sendable {
    struct PairError: Error, Equatable, Sendable {}

    let pairs: [String: String]

    /// - Parameter parameter: the query's value, percent-decoded once. It is encoded as a whole, and each key and value
    ///   again.
    init(parameter: String) throws(PairError) {
        var pairs: [String: String] = [:]
        for pair in Query.unescape(parameter).split(separator: "&") {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw PairError() }
            pairs[Query.unescape(parts[0])] = Query.unescape(parts[1])
        }
        self.pairs = pairs
    }

    /// Compares byte for byte, as E2B does. Swift would treat composed and decomposed characters as equal.
    func matches(_ metadata: [String: String]) -> Bool {
        pairs.allSatisfy { pair in
            metadata.contains {
                $0.key.utf8.elementsEqual(pair.key.utf8) && $0.value.utf8.elementsEqual(pair.value.utf8)
            }
        }
    }
}
