internal import JSON

extension E2BClient {
    /// The largest number of bytes of input in one call.
    private static let inputLimit = 256 << 10

    /// Lists the commands that run, including those that others have started. Protocol.md, 4.4.
    public func processes(in sandbox: Sandbox) async throws(E2BError) -> [RunningProcess] {
        try await rpc(.listProcesses, .list, JSONWriter(), in: sandbox) { json throws(MalformedJSON) in
            try json.member("processes")?.list(RunningProcess.init(json:)) ?? []
        }
    }

    /// Sends a signal to a process.
    ///
    /// - Returns: false if there is no such process, or not any more.
    @discardableResult
    public func signal(
        _ signal: ProcessSignal, to process: ProcessSelector, in sandbox: Sandbox
    ) async throws(E2BError) -> Bool {
        try await self.signal(signal, to: process, in: sandbox, timeout: nil)
    }

    func signal(
        _ signal: ProcessSignal, to process: ProcessSelector, in sandbox: Sandbox, timeout: Duration?
    ) async throws(E2BError) -> Bool {
        var message = JSONWriter()
        message.member("process", process)
        message.member("signal", signal.rawValue)
        do {
            return try await rpc(.signal, .sendSignal, message, in: sandbox, timeout: timeout) { _ in true }
        } catch .notFound {
            return false
        }
    }

    /// Writes to the standard input of a process that was started with one.
    ///
    /// It returns when the process, or the pipe to it, has taken all bytes. After an error it may have taken a part of them.
    ///
    /// - Throws: ``E2BError``: `.notFound` if there is no such process, `.refused` if its input is closed.
    public func send(input bytes: [UInt8], to process: ProcessSelector, in sandbox: Sandbox) async throws(E2BError) {
        var sent = 0
        repeat {
            let piece = Array(bytes[sent..<min(sent + Self.inputLimit, bytes.count)])
            var message = JSONWriter(capacity: piece.count / 3 * 4 + 128)
            message.member("process", process)
            message.member("input") { $0.member("stdin", Base64.encode(piece)) }
            try await rpc(.sendInput, .sendInput, message, in: sandbox) { _ in () }
            sent += piece.count
        } while sent < bytes.count
    }

    /// Closes the process's standard input. It may be closed already. This needs envd 0.5.2.
    public func closeInput(of process: ProcessSelector, in sandbox: Sandbox) async throws(E2BError) {
        var message = JSONWriter()
        message.member("process", process)
        try await rpc(.sendInput, .closeStdin, message, in: sandbox) { _ in () }
    }
}

extension JSONWriter {
    mutating func member(_ key: String, _ process: ProcessSelector) {
        member(key) { writer in
            switch process {
            case .pid(let pid): writer.member("pid", Int(pid))
            case .tag(let tag): writer.member("tag", tag)
            }
        }
    }
}

extension ProcessRequest {
    /// The message that starts the process. Defaults are omitted, except for `stdin`, whose default is an open input.
    var message: JSONWriter {
        var message = JSONWriter()
        message.member("process") { process in
            process.member("cmd", command)
            if !arguments.isEmpty { process.member("args", arguments) }
            if !envs.isEmpty { process.member("envs", envs) }
            if let cwd { process.member("cwd", cwd) }
        }
        if let tag { message.member("tag", tag) }
        message.member("stdin", hasStdin)
        return message
    }
}

extension RunningProcess {
    /// - Returns: nil if there is no pid.
    init?(json: JSONValue) throws(MalformedJSON) {
        guard let number = try json.member("pid")?.integer, let pid = UInt32(exactly: number) else { return nil }
        self.init(pid: pid, command: "")
        tag = try json.member("tag")?.string
        guard let config = try json.member("config") else { return }
        command = try config.member("cmd")?.string ?? ""
        arguments = try config.member("args")?.list { $0.string } ?? []
        cwd = try config.member("cwd")?.string
        var envs: [String: String] = [:]
        try config.member("envs")?.members { key, value in envs[key.string ?? ""] = value.string }
        self.envs = envs
    }
}
