internal import Budget
internal import CLinux
internal import Glibc

/// The phases of a connection, and the transitions between them.
extension ServerLoop {
    /// Called when its socket is ready, or broken.
    func react(_ connection: Connection, _ events: UInt32) {
        switch connection.phase {
        case .head, .body: read(connection)
        case .response: write(connection)
        case .lingering: readLingering(connection)
        case .memory, .handler: hangUp(connection)
        case .ended: break
        }
    }

    /// Called when its timer has expired.
    func expire(_ connection: Connection, at now: ContinuousClock.Instant) {
        switch connection.phase {
        case .head, .response, .lingering: drop(connection)
        case .body: endBody(connection, isWhole: false)
        case .memory: retryMemory(connection, at: now)
        case .handler, .ended: connection.due = nil
        }
    }

    // MARK: Reading

    func read(_ connection: Connection) {
        // A web server that sends without end must not keep the others waiting.
        for _ in 0..<32 {
            guard connection.phase == .head || connection.phase == .body else { return }
            let count = recv(connection.socket, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), from: connection)
                continue
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            return connection.phase == .head ? drop(connection) : endBody(connection, isWhole: false)
        }
        if connection.phase == .head || connection.phase == .body { watch(connection, for: EPOLLIN.rawValue) }
    }

    private func take(_ bytes: UnsafeRawBufferPointer, from connection: Connection) {
        do throws(FastCGIError) {
            var rest = bytes
            if connection.phase == .head {
                let count = try connection.parser.takeHead(bytes)
                try reply(connection)
                guard let head = connection.parser.head else { return }
                rest = UnsafeRawBufferPointer(rebasing: bytes[count...])
                begin(connection, head)
            }
            switch connection.phase {
            case .body: try takeStdin(rest, from: connection)
            case .memory: connection.unread = Array(rest)
            default: break
            }
        } catch {
            connection.phase == .body ? endBody(connection, isWhole: false) : drop(connection)
        }
    }

    /// Answers records that do not belong to the request. A web server that does not read the answers is dropped.
    private func reply(_ connection: Connection) throws(FastCGIError) {
        let replies = connection.parser.takeReplies()
        guard !replies.isEmpty else { return }
        guard Glibc.send(connection.socket, replies, replies.count, CInt(MSG_NOSIGNAL)) == replies.count else {
            throw .peerClosed
        }
    }

    private func begin(_ connection: Connection, _ head: RequestHead) {
        guard head.role == 1 else {
            let record = Record.endRequest(.unknownRole, requestID: head.requestID)
            _ = Glibc.send(connection.socket, record, record.count, CInt(MSG_NOSIGNAL))
            return finish(connection)
        }
        connection.params = head.params
        let request = FastCGIRequest(params: connection.params, stdin: .success([]))
        let now = ContinuousClock.now
        do throws(FastCGIError) {
            connection.body = try BodyBuffer(
                contentLength: request.params["CONTENT_LENGTH"], limit: bodyLimit(request))
        } catch {
            connection.isStdinUnread = true
            return start(connection, stdin: .failure(error))
        }
        connection.enter(.body, at: now, due: nil)
        enterBody(connection, at: now)
    }

    /// Reserves memory for the body, and reads it; if there is no memory, the body has to wait.
    private func enterBody(_ connection: Connection, at now: ContinuousClock.Instant) {
        let size = connection.body?.size ?? 0
        if let budget, size > connection.reservation?.count ?? 0 {
            guard let reservation = budget.reserve(size) else {
                connection.memoryDeadline = connection.memoryDeadline ?? now + limits.memoryWait
                watch(connection, for: UInt32(clinux_pollrdhup))
                connection.enter(.memory, at: now, due: nil)
                return setTimer(of: connection, to: now + .milliseconds(20))
            }
            connection.reservation = reservation
        }
        connection.bodyDeadline = now + limits.receive + .seconds(size >> 16)
        connection.enter(.body, at: now, due: nil)
        setTimer(of: connection, to: now + limits.receive)
        if connection.body?.isFull == true { endBody(connection, isWhole: true) }
    }

    private func retryMemory(_ connection: Connection, at now: ContinuousClock.Instant) {
        if let deadline = connection.memoryDeadline, deadline <= now {
            connection.isStdinUnread = true
            return start(connection, stdin: .failure(.noMemoryForBody))
        }
        enterBody(connection, at: now)
        guard connection.phase == .body else { return }
        let unread = connection.unread
        connection.unread = []
        unread.withUnsafeBytes { take($0, from: connection) }
        read(connection)
    }

    private func takeStdin(_ bytes: UnsafeRawBufferPointer, from connection: Connection) throws(FastCGIError) {
        let now = ContinuousClock.now
        guard var body = connection.body.take() else { return }
        do throws(FastCGIError) {
            try connection.parser.takeStdin(bytes, into: &body)
            connection.body = body
        } catch {
            connection.body = body
            throw error
        }
        try reply(connection)
        if body.isFull || connection.parser.isStdinAtEnd { return endBody(connection, isWhole: true) }
        guard connection.bodyDeadline.map({ now < $0 }) ?? true else { throw .peerClosed }
        connection.progress(at: now, due: now + limits.receive)
        wakeUp(by: now + limits.receive)
        // The first byte of a body of unknown length has arrived, and only now is memory reserved for it.
        if budget != nil, body.size > connection.reservation?.count ?? 0 { enterBody(connection, at: now) }
    }

    /// - Parameter isWhole: false if the connection has ended before the body.
    private func endBody(_ connection: Connection, isWhole: Bool) {
        guard let body = connection.body.take() else { return drop(connection) }
        let stdin = body.result(isWhole: isWhole)
        // If the web server is still sending, the rest has to be read before the socket can be closed.
        if case .failure = stdin { connection.isStdinUnread = isWhole && !connection.parser.isStdinAtEnd }
        start(connection, stdin: stdin)
    }

    // MARK: The handler

    private func start(_ connection: Connection, stdin: consuming Result<[UInt8], FastCGIError>) {
        var request = FastCGIRequest(params: connection.params, stdin: stdin)
        request.reservation = connection.reservation.take()
        // The response needs only the method.
        connection.params = ["REQUEST_METHOD": request.method]
        connection.body = nil
        connection.unread = []
        connection.enter(.handler, at: .now, due: nil)
        // A web server that closes its sending side has hung up: it does not wait for a response either.
        watch(connection, for: UInt32(clinux_pollrdhup))
        // The executor is asked here, so that the task's closure need not capture the request.
        let executor = executor(request)
        let box = RequestBox(request)
        connection.task = Task(executorPreference: executor) { [handler, eventQueue, id = connection.id] in
            guard let request = box.take() else { return }
            eventQueue.post(await handler(consume request), for: id)
        }
        if isCancelling { connection.task?.cancel() }
    }

    /// The web server has hung up while the handler runs or the body waits, so that there is nobody to answer.
    private func hangUp(_ connection: Connection) {
        guard connection.phase == .handler else { return drop(connection) }
        connection.isAbandoned = true
        unwatch(connection)
        connection.task?.cancel()
    }

    // MARK: Writing

    func send(_ response: consuming Response, on connection: Connection) {
        connection.task = nil
        guard !connection.isAbandoned, let head = connection.parser.head else { return drop(connection) }
        let records = ResponseRecords(
            response, method: connection.params["REQUEST_METHOD"] ?? "GET", requestID: head.requestID)
        unsentCount += records.heldCount
        connection.response = records
        connection.enter(.response, at: .now, due: nil)
        write(connection)
        if unsentCount > limits.unsent { wakeUp(by: .now) }
    }

    private func write(_ connection: Connection) {
        guard var records = connection.response.take() else { return drop(connection) }
        let held = records.heldCount
        var isBroken = false
        // A web server that reads without end must not keep the others waiting.
        var turns = 64
        while !records.isSent, turns > 0 {
            turns -= 1
            let count = records.withNext {
                Glibc.send(connection.socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count > 0 {
                records.advance(by: count)
                connection.enter(.response, at: .now, due: connection.due)
            } else if count < 0, errno == EINTR {
                continue
            } else {
                isBroken = count == 0 || errno != EAGAIN
                break
            }
        }
        unsentCount += records.heldCount - held
        connection.response = records
        if isBroken { return drop(connection) }
        if records.isSent { return finish(connection) }
        watch(connection, for: EPOLLOUT.rawValue)
        setTimer(of: connection, to: connection.lastProgress + limits.send)
    }

    // MARK: The end

    /// Closes the socket, even if the web server asked to keep it.
    ///
    /// If bytes were unread, closing would reset the connection, and a web server that is still sending could lose the
    /// response. So the writing side is closed first, and the rest of the request is read and dropped for a while.
    func finish(_ connection: Connection) {
        guard connection.readUnread(into: buffer) > 0 || connection.isStdinUnread else { return drop(connection) }
        unsentCount -= connection.response?.heldCount ?? 0
        connection.response = nil
        shutdown(connection.socket, CInt(SHUT_WR))
        connection.enter(.lingering, at: .now, due: nil)
        setTimer(of: connection, to: .now + ServerLimits.linger)
        watch(connection, for: EPOLLIN.rawValue)
    }

    private func readLingering(_ connection: Connection) {
        for _ in 0..<32 {
            let count = connection.readUnread(into: buffer)
            if count > 0 { continue }
            return count < 0 && (errno == EAGAIN || errno == EINTR) ? () : drop(connection)
        }
    }
}
