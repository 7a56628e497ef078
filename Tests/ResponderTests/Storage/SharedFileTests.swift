import Foundation
import Store
import Testing

@testable import FastCGI
@testable import Responder

@Suite(.timeLimit(.minutes(2)))
struct SharedFileTests {
    private let folder: URL
    private let storage: Storage
    private let responder: Responder
    private let owner = StoreOwner(hashing: "a key")
    private let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "e2b-shared-\(UUID().uuidString)")
        let configuration = try Configuration(environment: [
            "E2B_FCGI_STORE": folder.path, "E2B_FCGI_KEYS": "team:s3cret-one-of-sixteen",
            "E2B_FCGI_LINK_SECRET": "a secret that signs links",
        ])
        storage = try #require(try await Storage.open(configuration.store))
        responder = try Responder(
            configuration, client: nil, storage: storage, log: EventLog(isLoggingRequests: false))
    }

    private func store(_ details: FileDetails) async throws -> StoredFile {
        try await storage.store.create(details, at: StorePlace(owner, .random()), bytes: bytes)
    }

    private func token(_ file: StoredFile, for seconds: Double = 3600) -> String {
        storage.signer.token(for: file.id, of: owner, expires: .now + seconds)
    }

    private func get(_ path: String, _ params: [String: String] = [:]) async throws -> (Response, body: [UInt8]) {
        let own = ["REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_HOST": "code.example", "REMOTE_ADDR": "192.0.2.7"]
        let request = FastCGIRequest(params: own.merging(params) { _, own in own }, stdin: .success([]))
        let response = await responder.respond(to: request)
        return (response, try await response.body(forMethod: request.method).collected())
    }

    @Test func `a link opens without a key, from any page, and runs nothing`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await store(FileDetails(name: "out/räport \"1\".html", contentType: "text/html"))
        let (response, body) = try await get(
            "/f/\(token(file))/anything", ["HTTP_ORIGIN": "https://evil.example", "HTTP_SEC_FETCH_SITE": "cross-site"])
        #expect(response.status == 200 && body == bytes)
        #expect(response.value("Content-Type") == "text/html")
        #expect(
            response.value("Content-Disposition")
                == #"attachment; filename="r_port _1_.html"; filename*=UTF-8''r%C3%A4port%20%221%22.html"#)
        #expect(response.value("X-Content-Type-Options") == "nosniff")
        #expect(response.value("Content-Security-Policy") == "sandbox; default-src 'none'")
        #expect(response.value("Cross-Origin-Resource-Policy") == "cross-origin")
        #expect(response.value("Cache-Control")?.hasPrefix("private, max-age=3") == true)
    }

    @Test func `a browser shows a picture that the gate has admitted, and saves any other`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for isAdmitted in [true, false] {
            let details = FileDetails(name: "plot.png", contentType: "image/png", isAdmittedImage: isAdmitted)
            let (response, _) = try await get("/f/\(token(try await store(details)))/plot.png")
            #expect(response.value("Content-Disposition")?.hasPrefix(isAdmitted ? "inline;" : "attachment;") == true)
        }
    }

    @Test func `HEAD tells the size`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await store(FileDetails(name: "file"))
        let (response, _) = try await get("/f/\(token(file))/file", ["REQUEST_METHOD": "HEAD"])
        #expect(response.status == 200 && response.body.length == bytes.count)
    }

    @Test func `a link ends when it says`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await store(FileDetails(name: "file"))
        let (response, body) = try await get("/f/\(token(file, for: -1))/file")
        #expect(response.status == 410)
        #expect(String(decoding: body, as: UTF8.self) == #"{"error":"This link has expired."}"#)
    }

    @Test func `a link that was changed, or signed by somebody else, is refused before anything is looked up`()
        async throws
    {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await store(FileDetails(name: "file"))
        let token = token(file)
        let other = LinkSigner(secret: Array("another secret that signs".utf8))
        var tokens = [other.token(for: file.id, of: owner, expires: .now + 3600), String(token.dropLast()), "x"]
        for place in stride(from: 0, to: token.utf8.count, by: 7) {
            var changed = Array(token.utf8)
            changed[place] ^= 1
            tokens.append(String(decoding: changed, as: UTF8.self))
        }
        // What would be looked up.
        try FileManager.default.removeItem(at: folder)
        for token in tokens { #expect(try await get("/f/\(token)/file").0.status == 403) }
        #expect(try await get("/f/\(token)/file").0.status == 404)
    }

    @Test func `a link to a deleted file is a 404`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await store(FileDetails(name: "file"))
        try await storage.store.delete(file.id, of: owner)
        #expect(try await get("/f/\(token(file))/file").0.status == 404)
    }

    @Test(arguments: [
        ("bytes=0-0", 206, 0..<1), ("bytes=999990-", 206, 999_990..<1_000_000), ("bytes=-5", 206, 999_995..<1_000_000),
        ("bytes=0-99999999", 206, 0..<1_000_000), ("bytes=-99999999", 206, 0..<1_000_000),
        ("bytes=1000000-", 416, 0..<0), ("bytes=-0", 416, 0..<0), ("bytes=5-4", 200, 0..<1_000_000),
        ("bytes=0-1,5-6", 200, 0..<1_000_000), ("lines=0-1", 200, 0..<1_000_000), ("bytes=x-", 200, 0..<1_000_000),
        ("bytes=300000-299999999999999999999999", 206, 300_000..<1_000_000), ("bytes=-", 200, 0..<1_000_000),
    ])
    func `a range is read alone`(range: String, status: Int, expected: Range<Int>) async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await store(FileDetails(name: "file"))
        let (response, body) = try await get("/f/\(token(file))/file", ["HTTP_RANGE": range])
        #expect(response.status == status)
        #expect(body == Array(bytes[expected]))
        switch status {
        case 206:
            #expect(
                response.value("Content-Range")
                    == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/\(bytes.count)")
        case 416: #expect(response.value("Content-Range") == "bytes */\(bytes.count)")
        default: #expect(response.value("Content-Range") == nil)
        }
    }

    @Test func `who has the file already gets no bytes`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = "/f/\(token(try await store(FileDetails(name: "file"))))/file"
        let tag = try #require(try await get(path).0.value("ETag"))
        for header in [tag, "\"x\", \(tag)", "W/\(tag)", "*"] {
            let (response, body) = try await get(path, ["HTTP_IF_NONE_MATCH": header])
            #expect(response.status == 304 && body.isEmpty)
        }
        let (response, _) = try await get(path, ["HTTP_RANGE": "bytes=0-1", "HTTP_IF_RANGE": "\"x\""])
        #expect(response.status == 200)
        #expect(try await get(path, ["HTTP_RANGE": "bytes=0-1", "HTTP_IF_RANGE": tag]).0.status == 206)
    }

    @Test func `a web server that reads the same folder sends the file itself`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await store(FileDetails(name: "file", contentType: "text/csv"))
        let relative = "\(owner)/\(file.session)/\(file.id)"
        let path = "/f/\(token(file))/file"
        let (accel, body) = try await get(path, ["E2B_FCGI_SEND": "x-accel:\(folder.path)", "HTTP_RANGE": "bytes=0-1"])
        #expect(accel.status == 200 && body.isEmpty)
        #expect(accel.value("X-Accel-Redirect") == "/e2b-fcgi-store/\(relative)")
        #expect(accel.value("Content-Type") == "text/csv" && accel.value("Accept-Ranges") == nil)
        let (sendfile, _) = try await get(path, ["E2B_FCGI_SEND": "x-sendfile:\(folder.path)"])
        #expect(sendfile.value("X-Sendfile") == "\(folder.path)/\(relative)")
        for other in ["x-accel:", "x-accel:/elsewhere", "off", "", "x-accel"] {
            let (response, body) = try await get(path, ["E2B_FCGI_SEND": other])
            #expect(body == bytes && response.value("X-Accel-Redirect") == nil)
        }
        // A client's header has another name.
        let (response, _) = try await get(path, ["HTTP_E2B_FCGI_SEND": "x-accel:\(folder.path)"])
        #expect(response.value("X-Accel-Redirect") == nil)
    }

    @Test func `the log does not say what opens a file`() {
        #expect(LogText.path(of: "/f/secret/name?x") == "/f/…")
        #expect(LogText.path(of: "/f/secret") == "/f/…")
        #expect(LogText.path(of: "/execute?x") == "/execute")
    }

    @Test func `without a store there are no links`() async throws {
        let responder = try Responder(
            Configuration(environment: [:]), client: nil, log: EventLog(isLoggingRequests: false))
        let request = FastCGIRequest(params: ["PATH_INFO": "/f/x/y", "REQUEST_METHOD": "GET"], stdin: .success([]))
        #expect(await responder.respond(to: request).status == 404)
    }
}

extension Response.Body {
    /// All of it, as a web server gets it.
    func collected() async throws -> [UInt8] {
        guard case .stream(let length, let write) = self else { return bytes ?? [] }
        let stream = ResponseStream(length: length) {}
        async let writing: Void = stream.run(write)
        var collected: [UInt8] = []
        while true {
            switch stream.take() {
            case .data(let bytes): collected += bytes
            case .nothing: try await Task.sleep(for: .milliseconds(1))
            case .end:
                await writing
                return collected
            case .failure: throw FastCGIError.peerClosed
            }
        }
    }
}

extension Response {
    fileprivate func value(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
