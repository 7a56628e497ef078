internal import Fetch
internal import Glibc

/// The header field `Retry-After`: seconds or a date. RFC 9110, section 10.2.3.
enum RetryAfter {
    /// The longest pause that a server can impose.
    static let limit = Duration.seconds(24 * 60 * 60)

    /// Returns nil if the field is absent or cannot be understood. A date is taken relative to the server's clock if the
    /// response tells it.
    static func pause(_ head: FetchHead) -> Duration? {
        guard let field = head.headers["retry-after"] else { return nil }
        if let seconds = Int(field), seconds >= 0 { return min(.seconds(seconds), limit) }
        guard let then = Timestamp(httpDate: field) else { return nil }
        let now = head.headers["date"].flatMap { Timestamp(httpDate: $0) }?.seconds ?? Glibc.time(nil)
        return min(max(.zero, .seconds(then.seconds - now)), limit)
    }
}
