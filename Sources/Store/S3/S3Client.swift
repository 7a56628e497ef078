internal import Fetch
internal import System

/// Sends requests to a bucket, signed, and again where the service fails or asks for a pause.
struct S3Client: Sendable {
    /// One request. All of S3's that are used here may be repeated.
    struct Call {
        var method = "GET"
        var key = ""
        var query: [String: String] = [:]
        var headers: [(name: String, value: String)] = []
        var body: [UInt8]?
        /// Statuses beyond 2xx that the caller wants to see.
        var accepted: Set<Int> = []
        /// The time for all attempts; nil for the configured one.
        var deadline: Duration?
    }

    /// An answer, and the attempts that it took. A second one may meet what the first has done, and so may the first one of a PUT or
    /// a DELETE: libcurl sends these twice where a connection from the pool ends.
    struct Answer {
        let response: FetchResponse
        let attempts: Int

        var status: Int { response.head.status }
        var body: [UInt8] { response.body }
    }

    static let attemptLimit = 5
    /// The largest pause, whatever the service asks for.
    private static let longestPause = Duration.seconds(10)
    /// Bytes of an answer that is no file: an entry of a log is the largest one.
    private static let answerLimit = 64 << 20

    let configuration: S3Configuration
    private let fetcher: Fetcher
    let address: S3Address

    init(_ configuration: S3Configuration, _ fetcher: Fetcher) {
        self.configuration = configuration
        self.fetcher = fetcher
        address = S3Address(configuration)
    }

    func send(_ call: Call) async throws(StoreError) -> Answer {
        var attempts = Attempts(configuration, deadline: call.deadline)
        while true {
            let request = try request(call, timeout: attempts.begin())
            let failure: StoreError
            var pause: Duration?
            switch await result(of: request) {
            case .success(let response):
                let status = response.head.status
                if (200...299).contains(status) || call.accepted.contains(status) {
                    return Answer(response: response, attempts: attempts.count)
                }
                let xml = S3Failure(xml: response.body)
                failure = StoreError(s3: status, xml, response.head)
                guard Self.isTemporary(status, xml, call.method) else { throw failure }
                pause = response.head.retryAfter
            case .failure(let error):
                failure = StoreError(error)
                guard error.isTemporary else { throw failure }
            }
            try await attempts.wait(after: failure, pause)
        }
    }

    /// Sends a request for the bytes of an object, and returns the answer's head and what arrives after it.
    ///
    /// - Throws: `.notFound`, and what else a status of an error means.
    func open(_ key: String, range: Range<Int>?) async throws(StoreError) -> (FetchHead, FetchStream) {
        var call = Call(key: key)
        if let range { call.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")] }
        var attempts = Attempts(configuration, deadline: nil)
        while true {
            _ = try attempts.begin()
            // The reader may be slow; what bounds the service is the silence that it is allowed.
            var request = try request(call, timeout: .seconds(86_400))
            request.bodyTimeout = configuration.deadline
            request.responseLimit = .max
            request.receiveSize = 64 << 10
            let failure: StoreError
            var pause: Duration?
            switch await opening(of: request) {
            case .success((let head, let stream)):
                if head.status == 200 || head.status == 206 { return (head, stream) }
                let xml = await Self.refusal(stream)
                failure = StoreError(s3: head.status, xml, head)
                guard Self.isTemporary(head.status, xml, call.method) else { throw failure }
                pause = head.retryAfter
            case .failure(let error):
                failure = StoreError(error)
                guard error.isTemporary else { throw failure }
            }
            try await attempts.wait(after: failure, pause)
        }
    }

    private func result(of request: FetchRequest) async -> Result<FetchResponse, FetchError> {
        do throws(FetchError) {
            return .success(try await fetcher.response(to: request))
        } catch {
            return .failure(error)
        }
    }

    private func opening(of request: FetchRequest) async -> Result<(FetchHead, FetchStream), FetchError> {
        let stream: FetchStream
        do throws(FetchError) {
            stream = try fetcher.open(request)
        } catch {
            return .failure(error)
        }
        do throws(FetchError) {
            return .success((try await stream.head(), stream))
        } catch {
            stream.cancel()
            return .failure(error)
        }
    }

    /// The rest of an answer that is not a file.
    private static func refusal(_ stream: FetchStream) async -> S3Failure? {
        defer { stream.cancel() }
        var body: [UInt8] = []
        while body.count < 64 << 10, let piece = try? await stream.next() { body += piece }
        return S3Failure(xml: body)
    }

    private func request(_ call: Call, timeout: Duration) throws(StoreError) -> FetchRequest {
        var request = FetchRequest(
            method: call.method, url: address.url(call.key, call.query), headers: call.headers, body: call.body,
            timeout: timeout, idleTimeout: configuration.idleTimeout, responseLimit: Self.answerLimit)
        request.sign(
            with: AWSSignature(credentials: configuration.credentials, region: configuration.region, service: "s3"))
        return request
    }

    private static func isTemporary(_ status: Int, _ failure: S3Failure?, _ method: String) -> Bool {
        switch status {
        case 408, 429, 500, 502, 503, 504: true
        // The service has waited too long for the request. An answer to HEAD cannot say so.
        case 400: failure?.code == "RequestTimeout" || method == "HEAD"
        // Another request for the same object was under way.
        case 409: failure?.code == "OperationAborted" || failure?.code == "ConditionalRequestConflict"
        default: false
        }
    }

    /// How often a request was sent, and until when it may be sent again.
    private struct Attempts {
        private(set) var count = 0
        private let end: ContinuousClock.Instant
        private var pause: Duration

        init(_ configuration: S3Configuration, deadline: Duration?) {
            end = ContinuousClock.now + (deadline ?? configuration.deadline)
            pause = configuration.firstPause
        }

        /// - Returns: the time that the next attempt may take.
        mutating func begin() throws(StoreError) -> Duration {
            guard !Task.isCancelled else { throw .cancelled }
            count += 1
            return max(.milliseconds(1), end - ContinuousClock.now)
        }

        /// Waits before the next attempt.
        ///
        /// - Throws: `failure` if there is to be none.
        mutating func wait(after failure: StoreError, _ asked: Duration?) async throws(StoreError) {
            // A part of it is random, so that those who were refused together do not come back together.
            let own = pause * Double.random(in: 0.5...1)
            let wait = max(own, asked ?? .zero)
            let isInTime = ContinuousClock.now + wait < end
            guard count < S3Client.attemptLimit, wait <= S3Client.longestPause, isInTime else { throw failure }
            pause *= 2
            do { try await Task.sleep(for: wait) } catch { throw .cancelled }
        }
    }
}

extension FetchHead {
    fileprivate var retryAfter: Duration? { headers["retry-after"].flatMap { Int($0) }.map { .seconds($0) } }
}

extension FetchError {
    /// Whether the same request may fare better.
    fileprivate var isTemporary: Bool {
        switch self {
        case .couldNotResolve, .couldNotConnect, .timedOut, .idle, .cut, .outOfDescriptors: true
        default: false
        }
    }
}

extension StoreError {
    init(_ error: FetchError) {
        switch error {
        case .cancelled: self = .cancelled
        case .couldNotResolve(let host): self = .unreachable(reason: "The name \(host) is not known.")
        case .couldNotConnect(let host): self = .unreachable(reason: "There is no connection to \(host).")
        case .tls(let host, let message): self = .unreachable(reason: "TLS with \(host): \(message)")
        case .timedOut, .idle: self = .unreachable(reason: "S3 did not answer in time.")
        case .cut: self = .unreachable(reason: "S3 has closed the connection.")
        case .outOfDescriptors: self = .busy(retryAfter: nil)
        default: self = .failed(call: "S3", reason: "\(error)")
        }
    }

    /// - Parameter failure: what the answer's body says, which an answer to HEAD does not have.
    fileprivate init(s3 status: Int, _ failure: S3Failure?, _ head: FetchHead) {
        let code = failure?.code ?? ""
        let reason = "S3 says \(status)\(code.isEmpty ? "" : " \(code)")."
        switch (status, code) {
        case (404, "NoSuchBucket"): self = .failed(call: "S3", reason: "There is no such bucket.")
        case (404, _): self = .notFound
        case (401, _), (403, _): self = .denied(reason: reason)
        case (409, "OperationAborted"), (409, "ConditionalRequestConflict"): self = .conflict
        case (429, _), (503, _): self = .busy(retryAfter: head.retryAfter)
        case (507, _), (_, "XMinioStorageFull"), (_, "QuotaExceeded"): self = .full
        case (301, _), (307, _), (308, _): self = .failed(call: "S3", reason: "\(reason) The bucket is elsewhere.")
        case (500..., _), (408, _): self = .unreachable(reason: reason)
        default: self = .failed(call: "S3", reason: reason)
        }
    }
}
