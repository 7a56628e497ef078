internal import Fetch
internal import JSON

extension E2BClient {
    /// Lists the sandboxes of the API key's team that carry all of `metadata` and are in one of `states`, newest first.
    ///
    /// - Parameter states: an empty set stands for every state.
    /// - Parameter limit: the largest number of sandboxes in the list.
    public func list(
        metadata: [String: String] = [:], states: Set<SandboxState> = [], limit: Int = 1000
    ) async throws(E2BError) -> [SandboxInfo] {
        var found: [SandboxInfo] = []
        var token: String?
        // The number of pages is limited, because a server could announce another page for ever.
        for _ in 0..<Self.pageLimit where found.count < limit {
            let query = ListQuery(
                metadata: metadata, states: states, limit: min(limit - found.count, 100), nextToken: token)
            let page = try await answer(
                .list, "GET", "/v2/sandboxes?" + query.text, expecting: [200], limit: 8 << 20)
            found += try Self.sandboxes(in: page.body)
            token = page.head.headers["x-next-token"]
            guard let token, !token.isEmpty, token.utf8.count <= 4096 else { break }
        }
        return Array(found.prefix(limit))
    }

    private static let pageLimit = 100

    private static func sandboxes(in body: [UInt8]) throws(E2BError) -> [SandboxInfo] {
        var sandboxes: [SandboxInfo] = []
        var isArray = false
        // An item that cannot be read, perhaps because it is of a later protocol, is left out, so that the others are seen.
        try? body.withUnsafeBytes { bytes in
            let list = try JSONScanner.value(of: bytes)
            isArray = list.kind == .array
            try list.elements { item in
                if let sandbox = try? SandboxInfo(json: item) { sandboxes.append(sandbox) }
            }
        }
        guard isArray else { throw .broken(.list, why: "the answer is not what the protocol says") }
        return sandboxes
    }
}

/// The query of `GET /v2/sandboxes`.
struct ListQuery {
    var metadata: [String: String] = [:]
    var states: Set<SandboxState> = []
    var limit: Int
    var nextToken: String?

    var text: String {
        var fields: [(name: String, value: String)] = []
        if !metadata.isEmpty {
            // The server unescapes the parameter, then the whole string, then each part.
            func twice(_ text: String) -> String { PercentEncoding.encode(PercentEncoding.encode(text)) }
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(twice($0.key))=\(twice($0.value))" }
            fields.append(("metadata", pairs.joined(separator: "&")))
        }
        if !states.isEmpty { fields.append(("state", states.map(\.name).sorted(by: >).joined(separator: ","))) }
        if let nextToken { fields.append(("nextToken", nextToken)) }
        fields.append(("limit", String(limit)))
        return PercentEncoding.query(fields)
    }
}
