import CodeAPI
import Interpreter
import JSON
import LibreChat
@testable import FastCGI
@testable import Responder
import TestSupport

/// Requests and settings are read whole, or refused in words.
enum Requests {
    /// It does not matter in which pieces a head arrives, and what was read of it, written again, is read as the same.
    static func checkFastCGI(_ bytes: [UInt8]) throws(Violation) {
        guard let head = head(of: bytes, pieces: bytes.count) else { return }
        try require(self.head(of: bytes, pieces: 1) == head, "a request's head is another one in small pieces")
        for (name, value) in head.params {
            try require(!name.utf8.contains { [0, UInt8(ascii: "=")].contains($0) }, "a name is \(name)")
            try require(!value.utf8.contains(0), "the value of \(name) has a zero byte")
        }
        let params = head.params.map { WebServer.pair(Array($0.utf8), Array($1.utf8)) }.joined()
        // U+FFFD is longer than the byte that it stands for.
        guard params.count <= RequestHead.limit else { return }
        let again =
            WebServer.begin(role: UInt8(head.role & 0xff), id: head.requestID)
            + WebServer.stream(.params, Array(params), id: head.requestID)
            + WebServer.record(.params, [], id: head.requestID)
        try require(
            self.head(of: again, pieces: again.count)?.params == head.params, "params are others when read again")
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

    static func checkExec(_ json: [UInt8]) throws(Violation) {
        let time = TimeLimits(standard: .seconds(120), maximum: .seconds(300), call: .seconds(30))
        let request: ExecRequest
        do throws(CodeAPIFailure) {
            request = try ExecRequest(json: json, time: time)
        } catch {
            try require(!error.sentence.isEmpty, "a refusal says nothing")
            return try require(error.status == 400, "a request is refused with \(error.status)")
        }
        switch request.program {
        case .success(let program):
            try require(.seconds(1)...time.maximum ~= program.timeLimit, "the time limit is \(program.timeLimit)")
            try require(!program.code.utf8.contains(0), "the code has a zero byte")
            try require(!program.arguments.contains { $0.utf8.contains(0) }, "an argument has a zero byte")
        case .failure(let unfit): try require(!unfit.sentence.isEmpty, "the model is told nothing")
        }
        try require(request.hint.map { $0.utf8.count <= 1024 } ?? true, "a hint has any length")
    }

    static func checkAction(_ json: [UInt8]) throws(Violation) {
        let request: ActionRequest
        do throws(ActionFailure) {
            request = try ActionRequest(json: json)
        } catch {
            try require(!error.sentence.isEmpty, "a refusal says nothing")
            return try require([200, 400].contains(error.status), "a request is refused with \(error.status)")
        }
        try require(request.sessionID.count <= 128, "a session's name is none")
    }

    static func checkTemplates(_ yaml: [UInt8]) throws(Violation) {
        do throws(YAMLError) {
            _ = try TemplateFile(yaml).templates
        } catch {
            try require(!error.reason.isEmpty, "a refusal says nothing")
        }
    }

    /// Of a request that arrives in pieces of that size, with as much of stdin as there is.
    private static func head(of bytes: [UInt8], pieces size: Int) -> RequestHead? {
        var parser = RequestParser()
        var body = BodyBuffer(contentLength: nil, limit: 1 << 16)
        for start in stride(from: 0, to: bytes.count, by: max(size, 1)) {
            let isIntact = bytes[start..<min(start + max(size, 1), bytes.count)].withUnsafeBytes { piece in
                guard let count = try? parser.takeHead(piece) else { return false }
                precondition(count <= piece.count && (parser.head != nil || count == piece.count))
                if parser.head != nil {
                    // Stdin may end early, which is not the matter here.
                    try? parser.takeStdin(UnsafeRawBufferPointer(rebasing: piece[count...])) { content in
                        body.append(content)
                    }
                }
                return true
            }
            guard isIntact else { return nil }
        }
        precondition(((try? body.result(unless: nil)) ?? []).count <= 1 << 16)
        return parser.head
    }
}
