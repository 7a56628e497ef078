import Glibc

@testable import FastCGI
@testable import Responder

/// Requests and settings are read whole, or refused in words.
enum Requests {
    /// What libfcgi gets to parse is what was checked: read again, it is the same.
    static func checkFastCGI(_ bytes: [UInt8]) throws(Violation) {
        guard let head = head(of: bytes) else { return }
        try require(self.head(of: head.bytes)?.bytes == head.bytes, "a request's head is another one when read again")
        try require(self.head(of: head.beginning) != nil, "a request's beginning is refused")
    }

    static func checkExecute(_ json: [UInt8]) throws(Violation) {
        guard
            let request = try? ExecuteRequest(
                json: json, standardTimeout: .seconds(120), maximumTimeout: .seconds(300))
        else { return }
        try require(request.code.contains { !$0.isWhitespace }, "the code is blank")
        try require(.seconds(1) ... .seconds(300) ~= request.timeout, "the time limit is \(request.timeout)")
        try require(request.envs.keys.allSatisfy(\.isVariableName), "names are \(request.envs.keys)")
    }

    static func checkAction(_ json: [UInt8]) throws(Violation) {
        let request: ActionRequest
        do throws(ActionFailure) {
            request = try ActionRequest(json: json)
        } catch {
            try require(!error.sentence.isEmpty, "a refusal says nothing")
            return try require([200, 400].contains(error.status), "a request is refused with \(error.status)")
        }
        try require(request.arguments.sessionID?.isSessionID ?? true, "a session's name is none")
    }

    static func checkTemplates(_ yaml: [UInt8]) throws(Violation) {
        do throws(YAMLError) {
            _ = try TemplateFile(yaml).templates
        } catch {
            try require(!error.reason.isEmpty, "a refusal says nothing")
        }
    }

    /// Of a request that has arrived, on a real socket, with as much of stdin as there is.
    private static func head(of bytes: [UInt8]) -> RequestHead? {
        // More would wait for room in the socket, and nobody reads.
        guard bytes.count <= 1 << 16 else { return nil }
        var pair: [CInt] = [0, 0]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            fatalError("no sockets: errno \(errno)")
        }
        defer { for socket in pair { close(socket) } }
        guard send(pair[0], bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
            fatalError("a socket takes too little: errno \(errno)")
        }
        shutdown(pair[0], CInt(SHUT_WR))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 16)
        defer { buffer.deallocate() }
        var reader = RecordReader(socket: pair[1], buffer: buffer)
        guard let head = try? RequestHead(from: &reader) else { return nil }
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { room in
            var count = 0
            // Stdin may end early, which is not the matter here.
            try? reader.readStdin(into: room, count: &count)
            precondition(count <= bytes.count)
        }
        return head
    }
}
