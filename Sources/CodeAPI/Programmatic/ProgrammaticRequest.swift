package import Interpreter
internal import JSON

/// The body of `POST /v1/exec/programmatic`: a program that may call tools of the caller's, or what became of its calls.
package enum ProgrammaticRequest: Sendable {
    case start(CallingProgram)
    case results(ToolResults)

    /// - Throws: status 400 for what is neither, 413 for results that are too large.
    package init(json: [UInt8], time: TimeLimits) throws(CodeAPIFailure) {
        let results = json.withUnsafeBytes { bytes in
            Result { () throws(CodeAPIFailure) -> ToolResults? in
                var token: JSONValue?
                var list: JSONValue?
                do throws(MalformedJSON) {
                    let object = try JSONScanner.value(of: bytes)
                    token = try object.member("continuation_token")
                    list = try object.member("tool_results")
                } catch {
                    throw CodeAPIFailure(status: 400, "The body must be a JSON object.")
                }
                guard let token, token.kind != .null else { return nil }
                return try ToolResults(token, list)
            }
        }
        if let results = try results.get() {
            self = .results(results)
        } else {
            self = .start(try CallingProgram(json: json, time: time))
        }
    }
}

/// A program and its tools.
package struct CallingProgram: Sendable {
    /// The program is in Python or for bash, and can be run.
    package let exec: ExecRequest
    package let program: WorkspaceProgram
    package let tools: [ProgramTool]
    /// The request's body, from which all of this can be made again.
    package let json: [UInt8]

    package init(json: [UInt8], time: TimeLimits) throws(CodeAPIFailure) {
        self.json = json
        exec = try ExecRequest(json: json, time: time)
        do throws(UnfitProgram) {
            program = try exec.program.get()
        } catch {
            throw CodeAPIFailure(status: 400, error.sentence)
        }
        guard !program.code.allSatisfy(\.isWhitespace) else {
            throw CodeAPIFailure(status: 400, "`code` must have a program.")
        }
        let language = program.language
        guard language == .python || language == .bash else {
            throw CodeAPIFailure(status: 400, "Only programs in Python and for bash can call tools.")
        }
        tools = json.withUnsafeBytes { bytes in
            ProgramTool.list(try? JSONScanner.value(of: bytes).member("tools"), for: language)
        }
    }
}

/// What became of calls.
package struct ToolResults: Equatable, Sendable {
    package struct Result: Equatable, Sendable {
        package let callID: String
        /// The result as JSON; nil if the tool has failed.
        package let json: String?
        /// Why it has failed.
        package let error: String
    }

    package let token: String
    package let results: [Result]

    /// Bytes of one result.
    package static let resultLimit = 5 << 20
}

extension ToolResults {
    init(_ token: JSONValue, _ list: JSONValue?) throws(CodeAPIFailure) {
        guard let text = token.string, !text.isEmpty else {
            throw CodeAPIFailure(status: 400, "`continuation_token` must be what the last answer has.")
        }
        var results: [Result] = []
        var isMalformed = false
        try? list?.elements { element in
            if let result = Result(element) { results.append(result) } else { isMalformed = true }
        }
        guard !isMalformed, !results.isEmpty else {
            throw CodeAPIFailure(status: 400, "`tool_results` must be a list of objects with `call_id`.")
        }
        guard results.allSatisfy({ $0.size <= Self.resultLimit }) else {
            throw CodeAPIFailure(status: 413, "A result may have at most \(Self.resultLimit) bytes.")
        }
        guard Set(results.map(\.callID)).count == results.count else {
            throw CodeAPIFailure(status: 400, "`tool_results` must have one result for a call.")
        }
        self.init(token: text, results: results)
    }
}

extension ToolResults.Result {
    /// Bytes.
    var size: Int { json?.utf8.count ?? error.utf8.count }

    /// - Returns: nil if it does not say whose result it is.
    fileprivate init?(_ element: JSONValue) {
        var members: [String: JSONValue] = [:]
        try? element.members { key, value in members.keep(key, value, of: Self.names) }
        guard let callID = members["call_id"]?.string else { return nil }
        self.callID = callID
        let result = members["result"]
        let isError = members["is_error"]?.isTrue == true
        json = isError ? nil : result?.text ?? "null"
        error = isError ? members["error_message"]?.string ?? result?.string ?? result?.text ?? "" : ""
    }

    private static let names: Set = ["call_id", "result", "is_error", "error_message"]
}
