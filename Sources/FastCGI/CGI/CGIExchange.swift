internal import Glibc
internal import Synchronization
internal import System

/// The exchange of one request and its response over a pair of descriptors. A thread waits for both, and for the
/// handler's task; it ends after the task.
struct CGIExchange {
    /// The longest time for which the rest of a body that was not read is dropped. See ``drain()``.
    private static let linger = Duration.seconds(2)

    /// The box in which the handler's task hands the response to the thread.
    private final class Reply: Sendable {
        let event: EventDescriptor
        private let contents = Mutex<(response: Response, stream: ResponseStream?)?>(nil)

        init() throws(SystemError) { event = try EventDescriptor() }

        func post(_ response: Response, _ stream: ResponseStream?) {
            contents.withLock { $0 = (response, stream) }
            event.signal()
        }

        func take() -> (response: Response, stream: ResponseStream?)? { contents.withLock { $0.take() } }
    }

    private let input: CInt
    private let output: CInt
    private let cancel: CInt
    private let reply: Reply
    private var body = IncomingBody()
    private var isCancelled = false

    /// - Parameter cancel: a descriptor that becomes readable when the handler is to be cancelled; -1 for never.
    /// - Throws: if there are no descriptors.
    init(input: CInt, output: CInt, cancel: CInt) throws(SystemError) {
        self.input = input
        self.output = output
        self.cancel = cancel
        reply = try Reply()
    }

    /// Serves the request. It returns when the response has been sent, or cannot be sent, and the handler's task has
    /// ended.
    mutating func serve(_ environment: [String: String], _ handler: @escaping Handler) {
        let params = environment.filter { Self.isParam($0.key) }
        let request = FastCGIRequest(params: params, body: openBody(params))
        let method = request.method
        let box = RequestBox(request)
        let task = Task { [reply] in
            await box.answer(with: handler, method: method) { length in
                ResponseStream(length: length) { reply.event.signal() }
            } send: { response, stream in
                reply.post(response, stream)
            }
        }
        guard let (response, stream) = response(of: task) else { return }
        let isSent = write(response.head) && write(response.body(forMethod: method).bytes ?? [])
        if let stream { send(stream, of: task, isHungUp: !isSent) }
        // This tells a web server at the other end of a socket that the response has ended. It fails for a pipe.
        guard shutdown(output, CInt(SHUT_WR)) == 0, body.isUnread else { return }
        drain()
    }

    private mutating func openBody(_ params: [String: String]) -> RequestBody {
        do throws(FastCGIError) {
            if let length = try RequestBody.contentLength(of: params) {
                body = IncomingBody(contentLength: length, patience: .zero)
            }
            return body.takeWhole() ?? body.open { [event = reply.event] in event.signal() }
        } catch {
            body = IncomingBody(contentLength: nil, patience: .zero)
            body.refuse()
            return RequestBody(.failure(error))
        }
    }

    /// Waits for the response, and reads stdin as the handler takes it.
    ///
    /// - Returns: nil after a hang-up.
    private mutating func response(of task: Task<Void, Never>) -> (response: Response, stream: ResponseStream?)? {
        var isHungUp = false
        while true {
            let ready = wait(for: isHungUp ? -1 : output)
            if ready.cancel { task.cancel() }
            if ready.input { read() }
            if ready.hangUp {
                isHungUp = true
                body.refuse()
                task.cancel()
            }
            guard ready.event, let (response, stream) = reply.take() else { continue }
            body.refuse()
            guard isHungUp else { return (response, stream) }
            if let stream { send(stream, of: task, isHungUp: true) }
            return nil
        }
    }

    /// Sends the body that the handler writes, until the handler has ended. CGI has no way to report a failure, so the
    /// web server notices a body that is cut off only if the response has announced its length.
    private mutating func send(_ stream: ResponseStream, of task: Task<Void, Never>, isHungUp: Bool) {
        func hangUp() {
            stream.close()
            task.cancel()
        }
        var isHungUp = isHungUp
        if isHungUp { hangUp() }
        while true {
            switch stream.take() {
            case .data(let bytes):
                if !isHungUp, !write(bytes) {
                    isHungUp = true
                    hangUp()
                }
            case .nothing:
                let ready = wait(for: isHungUp ? -1 : output)
                if ready.cancel { task.cancel() }
                if ready.hangUp {
                    isHungUp = true
                    hangUp()
                }
            case .end, .failure: return
            }
        }
    }

    /// Waits until the handler's task has sent an event, or stdin should be read and can be, or `client` has hung up,
    /// or the handler is to be cancelled.
    private mutating func wait(for client: CInt) -> (event: Bool, input: Bool, hangUp: Bool, cancel: Bool) {
        while true {
            // poll reports POLLHUP and, for a pipe, POLLERR without being asked. It ignores a negative descriptor. A
            // half-closed socket is not a hang-up: with Apache's mod_cgid, stdin and stdout are one socket, and the web
            // server closes its sending side at the end of the body.
            var interest = (
                pollfd(fd: reply.event.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: body.isWanted ? input : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: client, events: 0, revents: 0),
                pollfd(fd: isCancelled ? -1 : cancel, events: Int16(POLLIN), revents: 0)
            )
            let count = withUnsafeMutableBytes(of: &interest) {
                poll($0.baseAddress?.assumingMemoryBound(to: pollfd.self), 4, -1)
            }
            guard count > 0 else { continue }  // EINTR
            if interest.0.revents != 0 { reply.event.clear() }
            if interest.3.revents != 0 { isCancelled = true }
            return (
                interest.0.revents != 0, interest.1.revents != 0, interest.2.revents != 0, interest.3.revents != 0
            )
        }
    }

    private mutating func read() {
        let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            let count = (try? Descriptor.read(input, into: buffer)) ?? 0
            body.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return count
        }
        if count == 0 || body.isFull { body.end(isWhole: false) }
    }

    /// Reads the rest of stdin for a while, and drops it.
    ///
    /// The process ends next. If bytes were unread, the kernel would reset the socket, and a web server that is still
    /// sending would lose the response that it has not read yet.
    private func drain() {
        let end = ContinuousClock.now + Self.linger
        var interest = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
            while ContinuousClock.now < end, poll(&interest, 1, 100) >= 0 {
                if interest.revents != 0, Glibc.read(input, buffer.baseAddress, buffer.count) <= 0 { break }
            }
        }
    }

    /// Whether a variable belongs to the request. The environment also holds others, such as PATH and the service's
    /// secrets.
    private static func isParam(_ name: String) -> Bool {
        let names = ["AUTH_TYPE", "GATEWAY_INTERFACE", "HTTPS", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING"]
        let prefixes = ["HTTP_", "CONTENT_", "DOCUMENT_", "REDIRECT_", "REMOTE_", "REQUEST_", "SCRIPT_", "SERVER_"]
        return names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }

    /// - Returns: false if the web server closed stdout.
    private func write(_ bytes: [UInt8]) -> Bool {
        do throws(SystemError) {
            try Descriptor.write(bytes[...], to: output)
            return true
        } catch {
            return false
        }
    }
}
