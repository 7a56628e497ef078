internal import Fetch

extension E2BClient {
    /// Makes the cheapest call that the key is needed for.
    ///
    /// - Returns: the time at which E2B answered, as it wrote it (RFC 9110, section 6.6.1); nil if it did not say.
    package func checkKey() async throws(E2BError) -> String? {
        let query = ListQuery(limit: 1)
        return try await answer(.list, "GET", "/v2/sandboxes?" + query.text, expecting: [200], limit: 8 << 20)
            .head.headers["date"]
    }
}
