/// One envelope of a process's stream. What a message means is decided here, once. Protocol: 4.4.
enum ProcessMessage: Equatable {
    case event(ProcessEvent)
    /// Nothing follows. nil: all went well.
    case end(RPCFailure?)
    /// A sign of life, or an event of a later protocol.
    case other

    /// - Throws: when the payload is not the JSON of a message.
    init(
        _ flags: EnvelopeSplitter.Flags, _ payload: UnsafeRawBufferPointer, hiding secrets: [String]
    ) throws(MalformedJSON) {
        // Compression was not offered.
        guard !flags.contains(.compressed) else { throw MalformedJSON(offset: 0, expected: "an uncompressed message") }
        let message = try JSONScanner.value(of: payload)
        guard message.kind == .object else { throw MalformedJSON(offset: 0, expected: "an object") }
        if flags.contains(.end) {
            self = .end(try Self.failure(in: message, hiding: secrets))
        } else {
            self = try Self.event(in: message).map { .event($0) } ?? .other
        }
    }

    private static func failure(
        in message: JSONValue, hiding secrets: [String]
    ) throws(MalformedJSON) -> RPCFailure? {
        guard let error = try message.member("error"), error.kind != .null else { return nil }
        // An error without a code is an error all the same.
        return try RPCFailure(json: error, hiding: secrets) ?? RPCFailure(code: "unknown", message: "")
    }

    private static func event(in message: JSONValue) throws(MalformedJSON) -> ProcessEvent? {
        guard let event = try message.member("event") else { return nil }
        if let start = try event.member("start") {
            guard let pid = try start.member("pid")?.integer, let pid = UInt32(exactly: pid) else {
                throw MalformedJSON(offset: 0, expected: "a process's id")
            }
            return .started(pid: pid)
        }
        if let data = try event.member("data") {
            if let bytes = try data.member("stdout") { return .stdout(try decoded(bytes)) }
            if let bytes = try data.member("pty") { return .stdout(try decoded(bytes)) }
            if let bytes = try data.member("stderr") { return .stderr(try decoded(bytes)) }
            return nil
        }
        guard let end = try event.member("end") else { return nil }
        return .ended(try ProcessExit(json: end))
    }

    private static func decoded(_ value: JSONValue) throws(MalformedJSON) -> [UInt8] {
        guard value.isString, case .success(let bytes) = value.withContent(Base64.decode) else {
            throw MalformedJSON(offset: 0, expected: "bytes in base64")
        }
        return bytes
    }
}

extension ProcessExit {
    /// Defaults are omitted: no exit code is 0.
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
