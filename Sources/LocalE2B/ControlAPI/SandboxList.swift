internal import Foundation

/// One page of the sandboxes that match a query. Protocol.md, 2.2.
struct SandboxList {
    struct QueryError: Error, Equatable {
        let message: String
    }

    struct Page {
        var sandboxes: [Sandbox]
        var nextToken: String?
        /// Nil if only paused sandboxes were asked for.
        var totalRunning: Int?
    }

    private let filter: MetadataFilter?
    private let wantsRunning: Bool
    private let wantsPaused: Bool
    private let limit: Int
    private let isAscending: Bool
    private let startedAfter: Date?
    private let template: Template?
    private let matchesTemplate: Bool
    private let cursor: (startedAt: Double, id: String)?

    /// - Parameter isPaged: false for the legacy list, which knows `metadata` only.
    init(_ query: Query, isPaged: Bool) throws(QueryError) {
        do {
            filter = try query["metadata"].map(MetadataFilter.init)
        } catch {
            throw QueryError(message: "Invalid metadata filter: each pair needs one '='")
        }
        let states = (query["state"] ?? "running,paused").split(separator: ",")
        for state in states where state != "running" && state != "paused" {
            throw QueryError(message: "Invalid state '\(state)'")
        }
        wantsRunning = !isPaged || states.contains("running")
        wantsPaused = isPaged && states.contains("paused")
        guard let limit = isPaged ? Int(query["limit"] ?? "100") : .max, limit >= 1, !isPaged || limit <= 100 else {
            throw QueryError(message: "Limit must be between 1 and 100")
        }
        self.limit = limit
        switch query["order"] ?? "desc" {
        case "asc": isAscending = true
        case "desc": isAscending = false
        default: throw QueryError(message: "Order must be asc or desc")
        }
        if let text = query["startedAfter"] {
            guard let date = Self.date(text) else { throw QueryError(message: "startedAfter is not an RFC 3339 date") }
            startedAfter = date
        } else {
            startedAfter = nil
        }
        template = query["template"].flatMap(Template.init(reference:))
        matchesTemplate = query["template"] != nil
        if isPaged, let token = query["nextToken"], !token.isEmpty {
            guard let cursor = Self.cursor(token) else { throw QueryError(message: "Invalid next token") }
            self.cursor = cursor
        } else {
            cursor = nil
        }
    }

    func page(of all: [Sandbox]) -> Page {
        let matching =
            all
            .filter { $0.isPaused ? wantsPaused : wantsRunning }
            .filter { filter?.matches($0.metadata) ?? true }
            .filter { sandbox in startedAfter.map { sandbox.startedAt > $0 } ?? true }
            .filter { !matchesTemplate || $0.template.id == template?.id }
            .sorted { isAscending == (Self.key($0) < Self.key($1)) }
        let rest = matching.filter { sandbox in
            cursor.map { isAscending ? Self.key(sandbox) > $0 : Self.key(sandbox) < $0 } ?? true
        }
        let page = Array(rest.prefix(limit))
        let token = rest.count > page.count ? page.last.map(nextToken) : nil
        return Page(
            sandboxes: page, nextToken: token, totalRunning: wantsRunning ? matching.count { !$0.isPaused } : nil)
    }

    private static func key(_ sandbox: Sandbox) -> (Double, String) {
        (sandbox.startedAt.timeIntervalSince1970, sandbox.id)
    }

    private func nextToken(_ last: Sandbox) -> String {
        let text = "\(last.startedAt.timeIntervalSince1970)__\(last.id)" + (isAscending ? "__asc" : "")
        return Data(text.utf8).base64EncodedString()
    }

    private static func cursor(_ token: String) -> (Double, String)? {
        guard let data = Data(base64Encoded: token) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).components(separatedBy: "__")
        guard parts.count >= 2, let time = Double(parts[0]) else { return nil }
        return (time, parts[1])
    }

    private static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}
