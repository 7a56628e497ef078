internal import CLinux
internal import Glibc

/// The phases of a connection, and the transitions between them.
extension ServerLoop {
    /// Handles an event of the connection's socket.
    func react(_ connection: Connection, _ events: UInt32) {
        // An event may be of a moment when something else was waited for: what it says of that is ignored.
        let isHungUp = events & (UInt32(clinux_pollrdhup) | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        switch connection.phase {
        case .head, .body: read(connection)
        case .handler:
            if connection.body.isWanted { read(connection) } else if isHungUp { drop(connection) }
        case .response:
            let isWriting = connection.interest.map { $0 & EPOLLOUT.rawValue != 0 } ?? false
            if isWriting { write(connection) } else if isHungUp { drop(connection) }
        case .lingering: readLingering(connection)
        case .ended: break
        }
    }

    /// Handles the connection's timer.
    func expire(_ connection: Connection, at now: ContinuousClock.Instant) {
        switch connection.phase {
        case .head, .response, .lingering: drop(connection)
        case .body, .handler:
            connection.body.end(isWhole: false)
            wait(for: connection, at: now)
        case .ended: connection.due = nil
        }
    }

    /// Handles an event of the connection's handler.
    func take(_ event: consuming ServerEventQueue.Event, of connection: Connection) {
        switch consume event {
        case .bodyWanted: if connection.phase == .handler { read(connection) }
        case .response(let response, let stream): send(response, stream, on: connection)
        case .streamProgress:
            if connection.isAbandoned { drop(connection) } else if connection.phase == .response { write(connection) }
        }
    }

    // MARK: Reading

    func read(_ connection: Connection) {
        // A web server that sends without end must not keep the others waiting.
        for _ in 0..<32 {
            guard connection.isReading else { break }
            let count = recv(connection.socket, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), from: connection)
                continue
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            // The web server has hung up.
            if connection.phase != .body { return drop(connection) }
            connection.body.end(isWhole: false)
        }
        switch connection.phase {
        case .head: watch(connection, for: EPOLLIN.rawValue)
        case .body: start(connection)
        case .handler: wait(for: connection, at: .now)
        case .response, .lingering, .ended: break
        }
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
            if connection.phase == .body || connection.phase == .handler { try takeStdin(rest, from: connection) }
        } catch {
            connection.phase == .head ? drop(connection) : connection.body.end(isWhole: false)
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
        // The head is needed only for the request's number from here on.
        connection.params = connection.parser.head?.takeParams() ?? [:]
        do throws(FastCGIError) {
            let length = try RequestBody.contentLength(of: connection.params)
            connection.body = IncomingBody(contentLength: length, patience: limits.receive)
            connection.enter(.body, at: .now, due: nil)
        } catch {
            connection.body = IncomingBody(contentLength: nil, patience: .zero)
            connection.body.refuse()
            start(connection, RequestBody(.failure(error)))
        }
    }

    private func takeStdin(_ bytes: UnsafeRawBufferPointer, from connection: Connection) throws(FastCGIError) {
        // The end of stdin is looked for even if the body is complete without it: see ``finish(_:)``.
        try connection.parser.takeStdin(bytes) { connection.body.append($0) }
        try reply(connection)
        if connection.body.isFull || connection.parser.isStdinAtEnd { connection.body.end(isWhole: true) }
        connection.progress(at: .now, due: connection.due)
    }

    // MARK: The handler

    private func start(_ connection: Connection) {
        if let body = connection.body.takeWhole() { return start(connection, body) }
        let body = connection.body.open { [eventQueue, id = connection.id] in eventQueue.post(.bodyWanted, for: id) }
        start(connection, body)
    }

    private func start(_ connection: Connection, _ body: consuming RequestBody) {
        let request = FastCGIRequest(params: connection.params, body: body)
        connection.params = [:]
        connection.method = request.method
        connection.enter(.handler, at: .now, due: nil)
        // The executor is chosen here, so that the task's closure need not capture the request.
        let executor = executor(request)
        let box = RequestBox(request)
        let (id, method) = (connection.id, connection.method)
        connection.task = Task(executorPreference: executor) { [handler, eventQueue] in
            await box.answer(with: handler, method: method) { length in
                ResponseStream(length: length) { eventQueue.post(.streamProgress, for: id) }
            } send: { response, stream in
                eventQueue.post(.response(response, stream), for: id)
            }
        }
        if isCancelling { connection.task?.cancel() }
        wait(for: connection, at: .now)
    }

    /// Makes the connection wait for its handler, for the rest of the body, or for a hang-up.
    private func wait(for connection: Connection, at now: ContinuousClock.Instant) {
        // A web server that closes its sending side has hung up: it does not wait for a response either.
        let isReading = connection.body.isWanted
        watch(connection, for: UInt32(clinux_pollrdhup) | (isReading ? EPOLLIN.rawValue : 0))
        connection.due = connection.body.due(at: now, silence: limits.receive)
        if let due = connection.due { wakeUp(by: due) }
    }

    // MARK: Writing

    private func send(_ response: consuming Response, _ stream: ResponseStream?, on connection: Connection) {
        connection.responseStream = stream
        if stream == nil { connection.task = nil }
        guard !connection.isAbandoned, let head = connection.parser.head else { return drop(connection) }
        connection.body.refuse()
        let records = ResponseRecords(
            head: response.head, body: response.body(forMethod: connection.method).bytes ?? [], isWhole: stream == nil,
            requestID: head.requestID)
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
        var isCaughtUp = false
        // A web server that reads without end must not keep the others waiting.
        var turns = 64
        while turns > 0 {
            turns -= 1
            if records.isIdle, !advance(&records, of: connection) {
                isCaughtUp = true
                break
            }
            let count = records.withNext { parts in
                var message = msghdr()
                message.msg_iov = parts.baseAddress
                message.msg_iovlen = parts.count
                return sendmsg(connection.socket, &message, CInt(MSG_NOSIGNAL))
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
        if isCaughtUp {
            // The connection waits for its handler and for a hang-up only.
            watch(connection, for: UInt32(clinux_pollrdhup))
            connection.due = nil
        } else {
            watch(connection, for: EPOLLOUT.rawValue)
            setTimer(of: connection, to: connection.lastProgress + limits.send)
        }
    }

    /// Adds the next part of a response that is written while it is sent.
    ///
    /// - Returns: false if there is none now, or the response is sent.
    private func advance(_ records: inout ResponseRecords, of connection: Connection) -> Bool {
        guard let stream = connection.responseStream else { return false }
        switch stream.take() {
        case .data(let bytes): records.append(bytes)
        case .nothing: return false
        case .end:
            records.end()
            connection.endTask()
        case .failure:
            records.breakOff()
            connection.endTask()
        }
        return true
    }

    // MARK: The end

    /// Closes the socket, even if the web server asked to keep it.
    ///
    /// If bytes were unread, closing would reset the connection, and a web server that is still sending could lose the
    /// response. So the writing side is closed first, and the rest of the request is read and dropped for a while. The
    /// same goes for a web server that has not sent the end of stdin, which nothing waits for: its sending would fail.
    func finish(_ connection: Connection) {
        let isUnread = connection.body.isUnread || !connection.parser.isStdinAtEnd
        guard connection.readUnread(into: buffer) > 0 || isUnread else { return drop(connection) }
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
