import Fetch
import FoundationEssentials
import Responder
import Store

/// Below `/v1`: a file is uploaded, downloaded and removed, as LibreChat's Code Interpreter does.
struct FilesCheck: ServiceCheck {
    let surface: Surface

    private static let subject = "files below /v1"
    private static let user = "e2b-fcgi-check"
    private static let boundary = "e2b-fcgi-check-7c1d0a"

    func findings() async -> [Finding] {
        guard surface.configuration.store.place != .off else {
            return [.skipped(Self.subject, "the store is off (E2B_FCGI_STORE)")]
        }
        return [
            await Finding.about(Self.subject) {
                let begin = ContinuousClock.now
                let text = "month,sales\n1,\(Int.random(in: 1...1_000_000))\n"
                let (session, file) = try await upload(text)
                let download = path(EndpointPath.download, session, file)
                let back = try await ask("GET", download)
                let removed = try await ask("DELETE", path(EndpointPath.sessionFile, session, file))
                guard back.head.status == 200 else { throw surface.problem(of: back, at: download) }
                guard back.body == Array(text.utf8) else {
                    throw Failure("\(surface.shownURL)/v1 gave other bytes back than were sent.")
                }
                guard removed.head.status == 200 else {
                    throw surface.problem(of: removed, at: EndpointPath.sessionFile)
                }
                return .ok(Self.subject, "a file was uploaded, downloaded and removed in \(begin.elapsed)")
            }
        ]
    }

    private func upload(_ text: String) async throws -> (session: String, file: String) {
        let fields = [("kind", "user"), ("id", Self.user)].map { name, value in
            "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
        }
        let file =
            "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"check.csv\"\r\n"
            + "Content-Type: text/csv\r\n\r\n\(text)\r\n--\(Self.boundary)--\r\n"
        let response = try await ask(
            "POST", EndpointPath.upload, type: "multipart/form-data; boundary=\(Self.boundary)",
            Array((fields.joined() + file).utf8))
        guard response.head.status == 200,
            let reply = try? JSONDecoder().decode(Upload.self, from: Data(response.body)),
            reply.message == "success", let id = reply.files.first?.fileId,
            // They become parts of a path.
            StoreSessionID(reply.storage_session_id) != nil, FileID(id) != nil
        else { throw surface.problem(of: response, at: EndpointPath.upload) }
        return (reply.storage_session_id, id)
    }

    private func ask(
        _ method: String, _ path: String, type: String? = nil, _ body: [UInt8]? = nil
    ) async throws -> FetchResponse {
        let query = method == "POST" ? "" : "?kind=user&id=\(Self.user)"
        return try await surface.ask(method, path + query, type: type, body, headers: [("User-Id", Self.user)])
    }

    private func path(_ pattern: String, _ session: String, _ file: String) -> String {
        pattern.replacing("{session}", with: session).replacing("{file}", with: file)
    }

    private struct Upload: Decodable {
        struct File: Decodable { let fileId: String }
        let message: String
        let storage_session_id: String
        let files: [File]
    }
}
