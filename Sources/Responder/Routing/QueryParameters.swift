import FastCGI
import JSON

/// The parameters of a URL's query (https://url.spec.whatwg.org/#urlencoded-parsing).
struct QueryParameters {
    private var values: [String: String] = [:]

    /// The largest number of parameters that are looked at.
    private static let limit = 64

    init(_ query: String) {
        for pair in query.split(separator: "&").prefix(Self.limit) {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(halves[0], plusIsSpace: true), values[name] == nil,
                let value = PercentEncoding.decode(halves.count > 1 ? halves[1] : "", plusIsSpace: true)
            else { continue }
            values[name] = value
        }
    }

    /// The first value of a parameter; nil if it is absent or empty.
    subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
}

extension FastCGIRequest {
    var queryParameters: QueryParameters { QueryParameters(query) }
}
