import FastCGI
import FoundationEssentials
import JSON
import Store

/// Answers requests for a file of the store: the whole of it or a range, by the web server itself where it can.
struct FileSender: Sendable {
    /// How the web server sends files itself. It says so in a param, `E2B_FCGI_SEND`, with the folder that it can read: `x-accel:` or
    /// `x-sendfile:` and the path.
    enum WebServer: String {
        /// nginx: a path below an internal location.
        case accel = "x-accel"
        /// Apache with mod_xsendfile, and lighttpd: a path of this machine.
        case sendfile = "x-sendfile"
    }

    static let param = "E2B_FCGI_SEND"
    /// The internal location of nginx.
    static let location = "/e2b-fcgi-store/"
    /// The `Content-Security-Policy` of every file: a browser that opens it runs nothing, and loads nothing else.
    static let contentPolicy = "sandbox; default-src 'none'"

    private let store: any FileStore

    init(_ store: any FileStore) { self.store = store }

    /// - Parameter headers: those that the answer has beside those of every file.
    func answer(
        to request: FastCGIRequest, with file: StoredFile, isInline: Bool = false,
        headers: [(name: String, value: String)] = []
    ) async throws(StoreError) -> Answer {
        let tag = "\"\(file.sha256.prefix(32))\""
        var answer = Answer(status: 200, body: [])
        answer.headers = [
            ("Content-Type", file.details.contentType), ("ETag", tag), ("Last-Modified", HTTPDate.text(file.created)),
            ("Accept-Ranges", "bytes"), ("Content-Disposition", disposition(of: file, isInline: isInline)),
        ]
        answer.headers += headers
        if request.header("If-None-Match").map({ Self.names(tag, in: $0) }) == true {
            answer.status = 304
            return answer
        }
        if let sending = redirect(request, to: file) {
            // The web server looks at the range itself, and says that it does.
            answer.headers.removeAll { $0.name == "Accept-Ranges" }
            answer.headers.append(sending)
            return answer
        }
        switch range(asked: request, of: file, tag) {
        case .whole: answer.stream = try await stream(file, 0..<file.size, request)
        case .part(let range):
            answer.status = 206
            answer.headers.append(
                ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"))
            answer.stream = try await stream(file, range, request)
        case .beyond:
            answer.status = 416
            answer.headers = [("Content-Range", "bytes */\(file.size)")]
        }
        return answer
    }

    private func stream(
        _ file: StoredFile, _ range: Range<Int>, _ request: FastCGIRequest
    ) async throws(StoreError) -> Answer.Stream {
        guard request.method != "HEAD" else { return Answer.Stream(length: range.count) { _ in } }
        // Opened here, so that a file that is gone is an answer, and not one that breaks off.
        let contents = try await store.open(file, range: range)
        return Answer.Stream(length: range.count) { writer in
            defer { contents.close() }
            for try await piece in contents { try await writer.write(piece) }
        }
    }

    private func redirect(_ request: FastCGIRequest, to file: StoredFile) -> (name: String, value: String)? {
        guard let param = request.params[Self.param], let path = store.localPath(of: file) else { return nil }
        let parts = param.split(separator: ":", maxSplits: 1)
        // A web server that looks into another folder would find nothing there.
        guard parts.count == 2, parts[1] == path.root else { return nil }
        switch WebServer(rawValue: String(parts[0])) {
        case .accel: return ("X-Accel-Redirect", Self.location + path.relative)
        case .sendfile: return ("X-Sendfile", path.absolute)
        case nil: return nil
        }
    }

    // MARK: Headers

    /// RFC 6266: the name in ASCII, and as it is. Only its last part: a browser makes no folders.
    private func disposition(of file: StoredFile, isInline: Bool) -> String {
        let name = file.details.name.split(separator: "/").last.map(String.init) ?? "file"
        let plain = String(
            decoding: name.unicodeScalars.map { scalar -> UInt8 in
                let isPlain =
                    scalar.isASCII && (0x20..<0x7f).contains(scalar.value) && !#""\%"#.unicodeScalars.contains(scalar)
                return isPlain ? UInt8(scalar.value) : UInt8(ascii: "_")
            }, as: UTF8.self)
        let kind = isInline ? "inline" : "attachment"
        return "\(kind); filename=\"\(plain)\"; filename*=UTF-8''\(PercentEncoding.encode(name))"
    }

    enum AskedRange: Equatable {
        case whole
        case part(Range<Int>)
        case beyond
    }

    private func range(asked request: FastCGIRequest, of file: StoredFile, _ tag: String) -> AskedRange {
        guard let header = request.header("Range") else { return .whole }
        // What has changed since is sent whole; but nothing changes here.
        if let condition = request.header("If-Range"), condition != tag, condition != HTTPDate.text(file.created) {
            return .whole
        }
        return Self.range(header, size: file.size)
    }

    /// Reads a range (RFC 9110, section 14.1.2). Several at once, and what is not understood, are answered with the whole file.
    static func range(_ header: String, size: Int) -> AskedRange {
        guard header.lowercased().hasPrefix("bytes=") else { return .whole }
        let ends = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.trimmingSpaces }
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy(\.isDigit) }) else { return .whole }
        // A number of more digits than an Int has is beyond every file.
        let first = ends[0].isEmpty ? nil : Int(ends[0]) ?? .max
        let last = ends[1].isEmpty ? nil : Int(ends[1]) ?? .max
        switch (first, last) {
        case (let first?, let last?) where first > last: return .whole
        case (let first?, let last):
            return first < size ? .part(first..<min(size - 1, last ?? .max) + 1) : .beyond
        case (nil, let count?): return count > 0 && size > 0 ? .part(size - min(count, size)..<size) : .beyond
        case (nil, nil): return .whole
        }
    }

    private static func names(_ tag: String, in header: String) -> Bool {
        header.split(separator: ",").map { $0.trimmingSpaces }
            .contains { $0 == "*" || $0 == tag || $0 == "W/\(tag)" }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
