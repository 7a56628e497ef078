import Foundation
import Store
import TestSupport
import Testing

/// A responder that is killed while it takes files. Others see a file afterwards that is whole, or none.
@Suite(.timeLimit(.minutes(5)))
struct KilledUploadTests {
    private static let key = "a-key-that-is-only-for-tests"
    private static let sizes = [0, 1, 10_000, 70_000, 400_000, 3_000_000]

    private func params(_ method: String, _ path: String) -> [String: String] {
        [
            "REQUEST_METHOD": method, "PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1", "HTTP_X_API_KEY": Self.key,
            "CONTENT_TYPE": method == "POST" ? "multipart/form-data; boundary=B" : "",
        ]
    }

    /// A form of files whose names tell their contents.
    private func form(_ sizes: [Int]) -> [UInt8] {
        sizes.flatMap { size in
            Array(
                "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(size)\"\r\n\r\n".utf8)
                + sampleBytes(size) + Array("\r\n".utf8)
        } + Array("--B--\r\n".utf8)
    }

    private struct Listed: Decodable {
        let id: String
        let name: String
    }

    private struct Uploaded: Decodable {
        struct File: Decodable { let fileId: String }
        let session_id: String
        let files: [File]
    }

    /// Uploads one file after the other until the responder is gone.
    ///
    /// - Returns: the ids of the files that it has said to keep.
    private func load(_ responder: LoneResponder, _ forms: [[UInt8]], isBatch: Bool) async -> [String] {
        var kept: [String] = []
        var params = params("POST", isBatch ? "/v1/upload/batch" : "/v1/upload")
        for number in 0... {
            let form = forms[number % forms.count]
            params["CONTENT_LENGTH"] = String(form.count)
            guard let server = try? WebServer(unix: responder.socket, patience: 60),
                (try? await server.send(params, stdin: form)) != nil
            else { break }
            let answer = await server.answer()
            guard answer.isEnded, answer.status == 200,
                let uploaded = try? JSONDecoder().decode(Uploaded.self, from: Data(answer.body))
            else { break }
            kept += uploaded.files.map(\.fileId)
        }
        return kept
    }

    @Test func `whenever a responder is killed, every file is whole or not there, and what it said to keep is`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let environment = ["E2B_FCGI_KEYS": "test:\(Self.key)", "E2B_FCGI_STORE": folder]
        let forms = Self.sizes.map { form([$0]) }
        let batches = [form([1, 2, 3]), form(Array(repeating: 5, count: 30)), form([200_000, 9, 300_000])]
        var kept: Set<String> = []
        for turn in 0..<8 {
            try await LoneResponder.with(environment: environment) { responder in
                kept.formUnion(
                    await withTaskGroup(of: [String].self) { group in
                        for client in 0..<4 {
                            group.addTask { await load(responder, client == 3 ? batches : forms, isBatch: client == 3) }
                        }
                        // Where in its work that is, is for chance to say.
                        try? await Task.sleep(for: .milliseconds(3 + 11 * turn))
                        responder.process.signal(SIGKILL)
                        return await group.reduce(into: []) { $0 += $1 }
                    })
            }
        }
        #expect(!kept.isEmpty)

        let threads = try FileThreads(count: 2)
        let store = try DirectoryStore(
            root: folder, limits: StoreLimits(sweepPause: .zero, patience: .zero), threads: threads)
        try await LoneResponder.with(environment: environment) { responder in
            var found = try await files(responder, in: folder)
            #expect(kept.isSubset(of: found))
            while try await !store.sweep().isComplete {}
            #expect(try names(in: folder).filter { $0.hasSuffix(".new") } == [])
            let ids = try names(in: folder).filter { $0.count == 21 }
            #expect(Set(ids).isSubset(of: found), "bytes without a sidecar are left")
            found = try await files(responder, in: folder)
            #expect(kept.isSubset(of: found))
        }
    }

    /// The names of all files in all sessions' folders.
    private func names(in folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).map { $0.split(separator: "/").map(String.init) }
            .filter { $0.count == 3 }.map { $0[2] }
    }

    /// Looks at everything that can be had by way of the responder.
    private func files(_ responder: LoneResponder, in folder: String) async throws -> Set<String> {
        let sessions = Set(
            try FileManager.default.subpathsOfDirectory(atPath: folder).map { $0.split(separator: "/") }
                .filter { $0.count == 3 }.map { String($0[1]) })
        var found: Set<String> = []
        for session in sessions {
            var request = params("GET", "/v1/files/\(session)")
            request["QUERY_STRING"] = "detail=normalized"
            let list = try await ask(responder, request)
            guard list.status == 200 else {
                #expect(list.status == 404)
                continue
            }
            for file in try JSONDecoder().decode([Listed].self, from: Data(list.body)) {
                let answer = try await ask(responder, params("GET", "/v1/download/\(session)/\(file.id)"))
                let size = try #require(Int(file.name))
                #expect(answer.status == 200)
                #expect(answer.stdout.suffix(size).elementsEqual(sampleBytes(size)) && answer.isEnded, "\(file)")
                #expect(answer.header("Content-Length") == file.name)
                found.insert(file.id)
            }
        }
        return found
    }

    private func ask(_ responder: LoneResponder, _ params: [String: String]) async throws -> WebServer.Answer {
        let server = try WebServer(unix: responder.socket)
        try await server.send(params)
        return await server.answer()
    }
}
