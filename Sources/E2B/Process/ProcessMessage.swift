internal import JSON

/// One envelope of a process's stream. Only this type knows what its messages mean. Protocol.md, 4.4.
enum ProcessMessage: Equatable {
    case event(ProcessEvent)
    /// The end of the stream, with the error it ended with; nil if it ended well.
    case end(RPCFailure?)
    /// A sign of life, or an event of a later protocol.
    case other

    /// - Throws: if the payload is not the JSON of a message.
    init(
        _ flags: EnvelopeSplitter.Flags, _ payload: UnsafeRawBufferPointer, without secrets: Secrets
    ) throws(MalformedJSON) {
        // The request offered no compression.
        guard !flags.contains(.compressed) else { throw MalformedJSON(offset: 0, expected: "an uncompressed message") }
        var event: JSONValue?
        var error: JSONValue?
        try JSONScanner.members(of: payload) { key, value in
            switch key {
            case "event": event = value
            case "error": error = value
            default: break
            }
        }
        if flags.contains(.end) {
            self = .end(try error.flatMap { error throws(MalformedJSON) in try Self.failure(error, without: secrets) })
        } else {
            self =
                try event.flatMap { event throws(MalformedJSON) in try Self.event(event) }.map { .event($0) } ?? .other
        }
    }

    private static func failure(_ error: JSONValue, without secrets: Secrets) throws(MalformedJSON) -> RPCFailure? {
        guard error.kind != .null else { return nil }
        // An error without a code is still an error.
        return try RPCFailure(json: error, without: secrets) ?? RPCFailure(code: "unknown", message: "")
    }

    /// Reads the members in one pass, because there may be megabytes of output.
    private static func event(_ event: JSONValue) throws(MalformedJSON) -> ProcessEvent? {
        var start: JSONValue?
        var data: JSONValue?
        var end: JSONValue?
        try event.members { key, value in
            switch key {
            case "start": start = value
            case "data": data = value
            case "end": end = value
            default: break
            }
        }
        if let start {
            guard let pid = try start.member("pid")?.integer, let pid = UInt32(exactly: pid) else {
                throw MalformedJSON(offset: 0, expected: "a process's id")
            }
            return .started(pid: pid)
        }
        if let data { return try output(data) }
        guard let end else { return nil }
        return .ended(try ProcessExit(json: end))
    }

    private static func output(_ data: JSONValue) throws(MalformedJSON) -> ProcessEvent? {
        var stdout: JSONValue?
        var stderr: JSONValue?
        try data.members { key, value in
            switch key {
            case "stdout", "pty": stdout = value
            case "stderr": stderr = value
            default: break
            }
        }
        if let stdout { return .stdout(try decoded(stdout)) }
        return try stderr.map { stderr throws(MalformedJSON) in .stderr(try decoded(stderr)) }
    }

    private static func decoded(_ value: JSONValue) throws(MalformedJSON) -> [UInt8] {
        guard value.isString, let bytes = value.withContent(Base64.decode) else {
            throw MalformedJSON(offset: 0, expected: "bytes in base64")
        }
        return bytes
    }
}

extension ProcessExit {
    /// The protocol omits defaults, so that a missing exit code is 0.
    init(json: JSONValue) throws(MalformedJSON) {
        self.init(code: 0, isExited: false, status: "")
        var exit = self
        try json.members { key, value in
            switch key {
            case "exitCode": exit.code = value.integer ?? 0
            case "exited": exit.isExited = value.isTrue
            case "status": exit.status = value.string ?? ""
            case "error": exit.error = value.string
            default: break
            }
        }
        self = exit
    }
}
