import CCurl
import Glibc

/// A request in flight. It is created, used and freed on the driver's thread.
///
/// libcurl's callbacks reach it by an unretained reference, so the driver keeps it until its handle is removed from the
/// multi handle.
final class Transfer {
    typealias ID = UInt64
    typealias Waiter = CheckedContinuation<Result<FetchResponse, FetchError>, Never>

    enum Receiver: Sendable {
        case whole(Waiter)
        case stream(FetchStream)

        func fail(_ error: FetchError) {
            switch self {
            case .whole(let waiter): waiter.resume(returning: .failure(error))
            case .stream(let stream):
                stream.end(.failure(error))
                stream.wakeReader()
            }
        }
    }

    let id: ID
    let easy: EasyHandle
    /// When the driver has to check this transfer, and its index in ``Deadlines``.
    var due: ContinuousClock.Instant
    var heapIndex = 0

    private let url: String
    private var deadline: ContinuousClock.Instant
    /// The deadline for the first byte of the body.
    private let bodyDeadline: ContinuousClock.Instant?
    private let idleTimeout: Duration?
    private let allowsSilenceBeforeBody: Bool
    private let responseLimit: Int
    private let isIdempotent: Bool
    private let receiver: Receiver
    private let pendingWakeups: PendingWakeups
    private var outgoing: OutgoingBody

    /// How often sending the request has begun.
    private var sendCount = 0
    private var parser = HeadParser()
    private var head: FetchHead?
    private var body: [UInt8] = []
    private var bodyCount = 0
    private var isPaused = false
    /// Whether libcurl waits for more of the body to send.
    private var isSendingPaused = false
    private var isAbandoned = false
    /// Whether the server has refused a body that it had not been sent to its end.
    private var isRefused = false
    /// The length of the body that the server has refused with; nil if it does not say.
    private var refusalLength: Int?
    private var lastActivity: ContinuousClock.Instant
    private var uploadedAtLastCheck = 0
    /// The error for which a callback has made libcurl end the transfer.
    private var callbackError: FetchError?

    init(
        _ id: ID, _ request: FetchRequest, _ pipe: BodyPipe?, _ receiver: Receiver, on easy: EasyHandle,
        _ pendingWakeups: PendingWakeups, at now: ContinuousClock.Instant
    ) throws(FetchError) {
        self.id = id
        self.easy = easy
        self.receiver = receiver
        self.pendingWakeups = pendingWakeups
        url = request.url
        outgoing = OutgoingBody(request.body, pipe)
        // A longer timeout than a year could overflow the sum.
        deadline = now + min(request.timeout, .seconds(365 * 86_400))
        bodyDeadline = request.bodyTimeout.map { now + $0 }
        idleTimeout = request.idleTimeout
        allowsSilenceBeforeBody = request.allowsSilenceBeforeBody
        responseLimit = request.responseLimit
        isIdempotent =
            switch request.method {
            // A body in pieces is gone when it has been sent.
            case "GET", "HEAD", "OPTIONS", "PUT", "DELETE": pipe == nil
            default: false
            }
        lastActivity = now
        due = min(deadline, bodyDeadline ?? deadline)
        if let idleTimeout { due = min(due, now + idleTimeout) }

        try easy.prepare(for: request)
        easy.transfer = self
    }

    /// Sets the callbacks. They find the transfer by its handle.
    static func setCallbacks(of easy: EasyHandle) throws(FetchError) {
        try easy.setBeforeSending { context, _, _, _, _ in
            Transfer.at(context)?.mayBeSent() == true ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
        try easy.set(CURLOPT_READFUNCTION) { room, size, count, context in
            guard let room, let transfer = Transfer.at(context) else { return Int(CURL_READFUNC_ABORT) }
            return transfer.send(into: UnsafeMutableRawBufferPointer(start: room, count: size * count))
        }
        try easy.setSeeking { context, offset, origin in
            // libcurl goes back to the beginning, and nowhere else.
            guard origin == SEEK_SET, let transfer = Transfer.at(context), transfer.rewind(to: Int(offset)) else {
                return CURL_SEEKFUNC_CANTSEEK
            }
            return CURL_SEEKFUNC_OK
        }
        try easy.set(CURLOPT_HEADERFUNCTION) { bytes, _, count, context in
            Transfer.at(context)?.receive(line: UnsafeRawBufferPointer(start: bytes, count: count)) ?? 0
        }
        try easy.set(CURLOPT_WRITEFUNCTION) { bytes, _, count, context in
            Transfer.at(context)?.receive(UnsafeRawBufferPointer(start: bytes, count: count)) ?? 0
        }
    }

    static func at(_ context: UnsafeMutableRawPointer?) -> Transfer? { EasyHandle.at(context)?.transfer }

    // MARK: From libcurl's callbacks

    /// Whether the request may be sent. It is called once there is a connection, before each time that the request is
    /// sent.
    ///
    /// libcurl sends a request again, whatever its method, if a pooled connection ends before the first byte of the
    /// response. The server may have acted on the request by then, so only idempotent requests (RFC 9110, 9.2.2) are
    /// sent twice. The price is a `.cut` even if an HTTP/2 server says that it has refused a stream unseen. If libcurl
    /// finds a pooled connection closed before it sends, it takes another one, for any method, and does not call this.
    private func mayBeSent() -> Bool {
        if idleTimeout != nil { lastActivity = .now }
        sendCount += 1
        return sendCount == 1 || (sendCount == 2 && isIdempotent)
    }

    private func send(into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = outgoing.read(into: room)
        isSendingPaused = count == Int(CURL_READFUNC_PAUSE)
        return count
    }

    private func rewind(to offset: Int) -> Bool { outgoing.rewind(to: offset) }

    /// - Returns: the number of bytes taken; any other number makes libcurl end the transfer.
    private func receive(line: UnsafeRawBufferPointer) -> Int {
        if idleTimeout != nil { lastActivity = .now }
        if let head = parser.take(line, status: { easy.long(CURLINFO_RESPONSE_CODE) }) {
            self.head = head
            noteRefusal(head)
            if case .stream(let stream) = receiver {
                stream.begin(head)
                pendingWakeups.add(stream)
            }
        }
        guard !parser.isOverLimit else {
            callbackError = .responseTooLarge(limit: HeadParser.byteLimit)
            return 0
        }
        return isRefusalWhole ? 0 : line.count
    }

    /// A server that refuses a request need not read its body (RFC 9110, 10.1.1). libcurl then stops sending only if the
    /// connection would otherwise be kept, and never while it is paused. So this transfer ends when the refusal has arrived,
    /// or a second later where its end cannot be told, or when sending fails because the server has closed the connection.
    private func noteRefusal(_ head: FetchHead) {
        guard head.status >= 300, outgoing.isUnfinished(sentCount: easy.offset(CURLINFO_SIZE_UPLOAD_T)) else { return }
        isRefused = true
        let fields = head.headers
        refusalLength = fields["transfer-encoding"] == nil ? fields["content-length"].flatMap { Int($0) } : nil
        if case .pipe(let pipe) = outgoing { pipe.leave() }
    }

    private var isRefusalWhole: Bool { isRefused && head != nil && refusalLength == bodyCount }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !isAbandoned else { return 0 }
        if idleTimeout != nil { lastActivity = .now }
        guard bytes.count <= responseLimit - bodyCount else {
            callbackError = .responseTooLarge(limit: responseLimit)
            return 0
        }
        switch receiver {
        case .whole:
            body.append(contentsOf: bytes)
        case .stream(let stream):
            isPaused = !stream.append(bytes)
            pendingWakeups.add(stream)
            if isPaused { return Int(CURL_WRITEFUNC_PAUSE) }
        }
        bodyCount += bytes.count
        return isRefusalWhole ? 0 : bytes.count
    }

    // MARK: From the driver

    /// Continues a paused transfer, after the reader has made room, or the source of the body has more.
    func resume() {
        guard isPaused || isSendingPaused else { return }
        (isPaused, isSendingPaused) = (false, false)
        lastActivity = .now
        curl_easy_pause(easy.raw, CURLPAUSE_CONT)
    }

    /// Prepares the transfer for being removed from the multi handle early.
    ///
    /// libcurl frees the bytes that it holds for a paused transfer when it passes them on, but libcurl 7.88 does not
    /// free them when the transfer leaves a connection that others use (HTTP/2). So this lets it pass them on, and
    /// drops them.
    func abandon() {
        guard isPaused else { return }
        isAbandoned = true
        curl_easy_pause(easy.raw, CURLPAUSE_CONT)
    }

    /// Lets the rest of the response, which the reader has left, arrive until `limit`.
    func finish(by limit: ContinuousClock.Instant) {
        deadline = min(deadline, limit)
        due = min(due, deadline)
        resume()
    }

    /// Called when `due` has come. Returns the error if a timeout has passed; otherwise `due` is later than `now`
    /// afterwards.
    func overdue(at now: ContinuousClock.Instant) -> FetchError? {
        let limit = bodyCount == 0 ? min(deadline, bodyDeadline ?? deadline) : deadline
        guard now < limit else { return .timedOut }
        due = limit
        guard let idleTimeout else { return nil }
        let uploaded = easy.offset(CURLINFO_SIZE_UPLOAD_T)
        // While there is no connection the connect timeout counts, and during a pause, in either direction, it is not the
        // server that is silent.
        let isExempt = allowsSilenceBeforeBody && head != nil && bodyCount == 0
        if sendCount == 0 || isPaused || isSendingPaused || isExempt || uploaded > uploadedAtLastCheck {
            lastActivity = now
        }
        uploadedAtLastCheck = uploaded
        guard now < lastActivity + idleTimeout else { return .idle }
        due = min(limit, lastActivity + idleTimeout)
        return nil
    }

    /// Ends the source of the body, if it has not ended.
    func closeBody() {
        if case .pipe(let pipe) = outgoing { pipe.close() }
    }

    /// Ends the transfer after libcurl has finished it with `code`, and it was removed from the multi handle.
    func finish(_ code: CURLcode) {
        if let error = error(for: code) { return receiver.fail(error) }
        succeed()
    }

    /// Ends the transfer with an error of ours, after it was removed from the multi handle.
    func fail(_ error: FetchError) {
        // A refusal whose end cannot be told has had its second.
        if isRefused, error == .timedOut {
            succeed()
            return pendingWakeups.wakeReaders()
        }
        receiver.fail(error)
    }

    private func succeed() {
        guard let head else { return receiver.fail(.cut) }
        switch receiver {
        case .whole(let waiter): waiter.resume(returning: .success(FetchResponse(head: head, body: body)))
        case .stream(let stream):
            stream.end(.success(()))
            pendingWakeups.add(stream)
        }
    }

    private func error(for code: CURLcode) -> FetchError? {
        if code == CURLE_OK { return nil }
        if let callbackError { return callbackError }
        // The refusal is what the caller has to know.
        if isRefused { return nil }
        return FetchError(code, easy, url: url, hasBeenSent: sendCount > 0)
    }
}
