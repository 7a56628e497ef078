package import Foundation
import Synchronization

/// An S3 in memory, for what a real one cannot be made to do. It checks every signature.
package final class LoopbackS3: Sendable {
    package static let bucket = "bucket"
    package static let region = "us-east-1"

    /// What becomes of a request.
    package enum Fault: Equatable, Sendable {
        case status(Int, code: String, headers: [String] = [])
        /// The request is carried out, and the connection closed without an answer.
        case cutAfter
        /// The connection is closed before the request is carried out.
        case cutBefore
        /// The answer ends after that many bytes of its body.
        case cutBody(Int)
        /// There is no answer.
        case silence
        /// The answer stops after that many bytes of its body, and the connection stays.
        case stall(Int)
    }

    package struct Object: Equatable, Sendable {
        package var bytes: [UInt8]
        package var headers: [String: String]
        package var modified: Date
    }

    fileprivate struct State {
        var objects: [String: Object] = [:]
        var uploads: [String: (key: String, parts: [Int: [UInt8]], initiated: Date)] = [:]
        var log: [String] = []
        var refusals: [String] = []
        var largestBody = 0
        var nextUpload = 0
    }

    private let server: Loopback
    private let shared: Shared

    fileprivate final class Shared: Sendable {
        let state = Mutex(State())
        let pageSize: Int
        let sigV4: SigV4
        let fault: @Sendable (_ call: String, _ count: Int) -> Fault?

        init(
            _ pageSize: Int, _ sigV4: SigV4,
            _ fault: @escaping @Sendable (_ call: String, _ count: Int) -> Fault?
        ) {
            self.pageSize = pageSize
            self.sigV4 = sigV4
            self.fault = fault
        }
    }

    /// - Parameters:
    ///   - pageSize: the number of objects of a page of a listing.
    ///   - fault: for a call, such as `PUT owner/session/file.json` or `POST key?uploads=`, and how many calls with the same text
    ///     there were before.
    package init(
        pageSize: Int = 1000, secretAccessKey: String = "secret", sessionToken: String? = nil,
        fault: @escaping @Sendable (_ call: String, _ count: Int) -> Fault? = { _, _ in nil }
    ) {
        let sigV4 = SigV4(secrets: ["AKEXAMPLE": secretAccessKey], region: Self.region, sessionToken: sessionToken)
        let shared = Shared(pageSize, sigV4, fault)
        self.shared = shared
        server = Loopback { connection in
            while let request = connection.readRequest(), shared.answer(request, connection) {}
        }
    }

    package var url: String { server.url }
    /// What was asked, the oldest first.
    package var log: [String] { shared.state.withLock { $0.log } }
    /// Why requests were refused whose signature does not hold.
    package var refusals: [String] { shared.state.withLock { $0.refusals } }
    package var keys: [String] { shared.state.withLock { $0.objects.keys.sorted() } }
    package var uploadCount: Int { shared.state.withLock { $0.uploads.count } }
    package var largestBody: Int { shared.state.withLock { $0.largestBody } }

    package func object(_ key: String) -> Object? { shared.state.withLock { $0.objects[key] } }

    /// Makes an object, or lets one be older.
    package func put(_ key: String, _ bytes: [UInt8], modified: Date = Date()) {
        shared.state.withLock { $0.objects[key] = Object(bytes: bytes, headers: [:], modified: modified) }
    }

    /// Lets everything be older, uploads as well.
    package func age(by seconds: TimeInterval) {
        shared.state.withLock { state in
            for key in state.objects.keys { state.objects[key]?.modified -= seconds }
            for id in state.uploads.keys { state.uploads[id]?.initiated -= seconds }
        }
    }
}

extension LoopbackS3.Shared {
    fileprivate struct Answer {
        var status = "200 OK"
        var headers: [String] = []
        var body: [UInt8] = []

        init(_ status: String = "200 OK", headers: [String] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }

        static func error(_ status: Int, _ code: String, _ headers: [String] = []) -> Answer {
            Answer(
                "\(status) \(code)", headers: headers,
                body: Array(
                    "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>&lt;no&gt;</Message></Error>".utf8))
        }
    }

    /// - Returns: whether the connection goes on.
    fileprivate func answer(_ request: Loopback.Request, _ connection: Loopback.Connection) -> Bool {
        let line = request.line.split(separator: " ").map(String.init)
        let call = "\(line[0]) \(line[1].dropFirst("/\(LoopbackS3.bucket)".count).drop { $0 == "/" })"
        let count = state.withLock { state in
            defer { state.log.append(call) }
            state.largestBody = max(state.largestBody, request.body.count)
            return state.log.count { $0 == call }
        }
        let fault = fault(call, count)
        if fault == .cutBefore { return false }
        if fault == .silence {
            connection.waitForHangUp()
            return false
        }
        var answer: Answer
        if let reason = sigV4.fault(in: request) {
            state.withLock { $0.refusals.append(reason) }
            answer = .error(403, "SignatureDoesNotMatch")
        } else if case .status(let status, let code, let headers) = fault {
            answer = .error(status, code, headers)
        } else {
            answer = carryOut(line[0], line[1], request)
        }
        if fault == .cutAfter { return false }
        let isHead = line[0] == "HEAD"
        var head = ["HTTP/1.1 \(answer.status)", "Content-Length: \(answer.body.count)"] + answer.headers
        head.append("Date: \(LoopbackS3.httpDate(Date()))")
        if isHead { answer.body = [] }
        var body = answer.body
        var isCut = false
        switch fault {
        case .cutBody(let count), .stall(let count):
            body = Array(body.prefix(count))
            isCut = true
        default: break
        }
        guard connection.write(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body) else { return false }
        if case .stall = fault { connection.waitForHangUp() }
        return !isCut
    }

    private func carryOut(_ method: String, _ target: String, _ request: Loopback.Request) -> Answer {
        let parts = target.split(separator: "?", maxSplits: 1)
        let path = (String(parts[0]).removingPercentEncoding ?? "").dropFirst()
        var query: [String: String] = [:]
        for field in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(pair[0])] = pair.count > 1 ? String(pair[1]).removingPercentEncoding : ""
        }
        guard path == LoopbackS3.bucket || path.hasPrefix(LoopbackS3.bucket + "/") else {
            return .error(404, "NoSuchBucket")
        }
        let key = String(path.dropFirst(LoopbackS3.bucket.count + 1))
        return state.withLock { state in
            if key.isEmpty {
                return query["uploads"] == nil ? list(state, query) : listUploads(state, query)
            }
            if query["uploads"] != nil || query["uploadId"] != nil {
                return upload(&state, method, key, query, request)
            }
            return object(&state, method, key, request)
        }
    }

    private func header(_ name: String, _ request: Loopback.Request) -> String? {
        request.headers.first { $0.lowercased().hasPrefix(name + ":") }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// The headers of a request that come back with the object.
    private func kept(_ request: Loopback.Request) -> [String: String] {
        var kept: [String: String] = [:]
        for line in request.headers {
            let name = line.prefix { $0 != ":" }.lowercased()
            if name == "content-type" || name.hasPrefix("x-amz-meta-") { kept[name] = header(name, request) }
        }
        return kept
    }

    private func object(
        _ state: inout LoopbackS3.State, _ method: String, _ key: String, _ request: Loopback.Request
    ) -> Answer {
        switch method {
        case "PUT":
            if header("if-none-match", request) == "*", state.objects[key] != nil {
                return .error(412, "PreconditionFailed")
            }
            var bytes = request.body
            if let source = header("x-amz-copy-source", request) {
                let prefix = "/\(LoopbackS3.bucket)/"
                guard let copied = state.objects[String(source.dropFirst(prefix.count))] else {
                    return .error(404, "NoSuchKey")
                }
                bytes = copied.bytes
            }
            state.objects[key] = .init(bytes: bytes, headers: kept(request), modified: Date())
            return Answer(headers: ["ETag: \"\(SigV4.digest(bytes).prefix(32))\""])
        case "GET", "HEAD":
            guard let object = state.objects[key] else { return .error(404, "NoSuchKey") }
            var headers = object.headers.map { "\($0): \($1)" }
            headers.append("Last-Modified: \(LoopbackS3.httpDate(object.modified))")
            guard let range = header("range", request)?.dropFirst("bytes=".count).split(separator: "-"),
                let first = Int(range[0]), let last = Int(range[1])
            else { return Answer(headers: headers, body: object.bytes) }
            guard first < object.bytes.count else { return .error(416, "InvalidRange") }
            let bytes = Array(object.bytes[first..<min(last + 1, object.bytes.count)])
            headers.append("Content-Range: bytes \(first)-\(first + bytes.count - 1)/\(object.bytes.count)")
            return Answer("206 Partial Content", headers: headers, body: bytes)
        case "DELETE":
            state.objects[key] = nil
            return Answer("204 No Content")
        default: return .error(405, "MethodNotAllowed")
        }
    }

    private func upload(
        _ state: inout LoopbackS3.State, _ method: String, _ key: String, _ query: [String: String],
        _ request: Loopback.Request
    ) -> Answer {
        guard let id = query["uploadId"] else {
            state.nextUpload += 1
            state.uploads["upload \(state.nextUpload)/="] = (key, [:], Date())
            let root = "InitiateMultipartUploadResult"
            return xml("<\(root)><UploadId>upload \(state.nextUpload)/=</UploadId>", root)
        }
        guard var upload = state.uploads[id], upload.key == key else { return .error(404, "NoSuchUpload") }
        switch method {
        case "PUT":
            guard let number = query["partNumber"].flatMap({ Int($0) }) else { return .error(400, "InvalidArgument") }
            upload.parts[number] = request.body
            state.uploads[id] = upload
            return Answer(headers: ["ETag: \"\(SigV4.digest(request.body).prefix(32))\""])
        case "POST":
            let text = String(decoding: request.body, as: UTF8.self)
            var bytes: [UInt8] = []
            for number in 1...max(1, upload.parts.count) {
                guard let part = upload.parts[number] else { return .error(400, "InvalidPart") }
                let tag = "<ETag>&quot;\(SigV4.digest(part).prefix(32))&quot;</ETag>"
                guard text.contains("<PartNumber>\(number)</PartNumber>\(tag)") else {
                    return .error(400, "InvalidPart")
                }
                bytes += part
            }
            state.objects[key] = .init(bytes: bytes, headers: [:], modified: Date())
            state.uploads[id] = nil
            return xml("<CompleteMultipartUploadResult><Key>\(key)</Key>", "CompleteMultipartUploadResult")
        case "DELETE":
            state.uploads[id] = nil
            return Answer("204 No Content")
        default: return .error(405, "MethodNotAllowed")
        }
    }

    private func list(_ state: LoopbackS3.State, _ query: [String: String]) -> Answer {
        let prefix = query["prefix"] ?? ""
        let after = query["start-after"] ?? ""
        let size = min(pageSize, query["max-keys"].flatMap { Int($0) } ?? .max)
        let all = state.objects.keys.filter { $0.hasPrefix(prefix) && $0 > after }.sorted()
        let page = all.prefix(size)
        var text = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n<Prefix>\(prefix)</Prefix>"
        text += "<IsTruncated>\(page.count < all.count)</IsTruncated>"
        for key in page {
            let object = state.objects[key]
            text += "<Contents><Key>\(key)</Key><ETag>&#34;e&#34;</ETag><Size>\(object?.bytes.count ?? 0)</Size>"
            text += "<LastModified>\(LoopbackS3.listDate(object?.modified ?? Date()))</LastModified></Contents>"
        }
        if page.count < all.count, let last = page.last {
            text += "<NextContinuationToken>token+\(last)</NextContinuationToken>"
        }
        return xml(text, "ListBucketResult")
    }

    private func listUploads(_ state: LoopbackS3.State, _ query: [String: String]) -> Answer {
        var text = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>"
        for (id, upload) in state.uploads where upload.key.hasPrefix(query["prefix"] ?? "") {
            text += "<Upload><Key>\(upload.key)</Key><UploadId>\(id)</UploadId>"
            text += "<Initiated>\(LoopbackS3.listDate(upload.initiated))</Initiated></Upload>"
        }
        return xml(text, "ListMultipartUploadsResult")
    }

    private func xml(_ text: String, _ root: String) -> Answer {
        Answer(
            headers: ["Content-Type: application/xml"],
            body: Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(text)</\(root)>".utf8))
    }
}

extension LoopbackS3 {
    fileprivate static func httpDate(_ date: Date) -> String { text(date, "EEE, dd MMM yyyy HH:mm:ss 'GMT'") }
    fileprivate static func listDate(_ date: Date) -> String { text(date, "yyyy-MM-dd'T'HH:mm:ss'.000Z'") }

    private static func text(_ date: Date, _ format: String) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = format
        return formatter.string(from: date)
    }
}
