internal import Foundation

/// The reason why a text is not a list of faults. It names the part that is wrong.
package enum FaultSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    case missingColon(rule: String)
    case unknownStep(String)
    case unknownKind(String)
    case badValue(kind: String, value: String)
    case pointless(rule: String, reason: String)

    package var description: String {
        switch self {
        case .missingColon(let rule): "'\(rule)' is not a rule: it needs STEP:KIND."
        case .unknownStep(let step):
            "'\(step)' is not a step: \(FaultStep.allCases.map(\.rawValue).joined(separator: ", "))."
        case .unknownKind(let kind): "'\(kind)' is not a kind: \(FaultRule.kinds)."
        case .badValue(let kind, let value): "'\(value)' is not a value for \(kind)."
        case .pointless(let rule, let reason): "'\(rule)' cannot be: \(reason)."
        }
    }
}

extension FaultRule {
    static let kinds =
        "delay, status, retry-after, message, body, rpc, gone, closed, hang, reset, cut, garbage, no-end, times"

    /// The grammar as text, for `--help` and for errors.
    package static let grammar = """
        Rules separated by ';', each STEP:KIND[=VALUE][,KIND[=VALUE]...].
          STEP  create kill execute contexts list info timeout connect edge
                envd: everything of files and processes, or one of
                process-start process-connect process-list process-signal process-input
                file-read file-write file-stat file-list file-make file-move
                file-remove
          KIND  delay=MS        wait before anything else
                status=N        answer with this status
                retry-after=S   with this header
                message=TEXT    with this text in the common error body
                body=TEXT       with exactly this body (status 200 unless given)
                rpc=CODE        fail with this Connect error
                gone            answer as E2B's edge does when the sandbox is not there
                closed          answer as it does when nothing listens on the port
                hang            accept and never answer
                reset           close the connection before any answer
                cut=BYTES       cut the connection after so many bytes of body
                garbage         begin the answer's body with what is not JSON
                no-end          end a process stream without its end envelope
                times=N         N times, then never again
        In TEXT write ',' as %2C, ';' as %3B and '%' as %25.
        Example: create:status=429,retry-after=1,times=2;execute:cut=100
        """

    /// Parses `E2B_LOCAL_FAULTS` or the body of `PUT /local/faults`. An empty text means no faults.
    package static func parse(_ text: String) throws(FaultSyntaxError) -> [FaultRule] {
        var rules: [FaultRule] = []
        for part in text.split(separator: ";") {
            let rule = part.trimmingCharacters(in: .whitespacesAndNewlines)
            if !rule.isEmpty { rules.append(try FaultRule(rule)) }
        }
        return rules
    }

    private init(_ text: String) throws(FaultSyntaxError) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { throw .missingColon(rule: text) }
        guard let step = FaultStep(rawValue: String(halves[0])) else { throw .unknownStep(String(halves[0])) }
        self.init(step: step)
        for part in halves[1].split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            try apply(String(pair[0]), pair.count == 2 ? String(pair[1]) : nil)
        }
        if step == .edge, cut != nil || hasGarbage {
            throw .pointless(rule: text, reason: "what comes from a port is not changed")
        }
        if lacksEnd, !step.canBeStream {
            throw .pointless(rule: text, reason: "only process-start and process-connect have an end envelope")
        }
        if rpc != nil, !step.isEnvd { throw .pointless(rule: text, reason: "only envd has Connect errors") }
        if status == nil, retryAfter != nil || message != nil && rpc == nil {
            throw .pointless(rule: text, reason: "retry-after and message need a status")
        }
        if message != nil, body != nil {
            throw .pointless(rule: text, reason: "message and body exclude each other")
        }
    }

    private mutating func apply(_ kind: String, _ value: String?) throws(FaultSyntaxError) {
        switch kind {
        case "delay": delay = .milliseconds(try Self.number(kind, value, 0...3_600_000))
        case "status": status = try Self.number(kind, value, 200...599)
        case "retry-after": retryAfter = try Self.number(kind, value, 0...86_400)
        case "message": message = try Self.text(kind, value)
        case "body": body = try Self.text(kind, value)
        case "cut": cut = try Self.number(kind, value, 0...(1 << 40))
        case "rpc":
            guard let code = value.flatMap(ConnectError.Code.init(rawValue:)) else {
                throw .badValue(kind: kind, value: value ?? "")
            }
            rpc = code
        case "gone": isGone = try Self.flag(kind, value)
        case "closed": isClosed = try Self.flag(kind, value)
        case "no-end": lacksEnd = try Self.flag(kind, value)
        case "times": times = try Self.number(kind, value, 1...1_000_000)
        case "hang": hangs = try Self.flag(kind, value)
        case "reset": resets = try Self.flag(kind, value)
        case "garbage": hasGarbage = try Self.flag(kind, value)
        default: throw .unknownKind(kind)
        }
    }

    private static func number(
        _ kind: String, _ value: String?, _ range: ClosedRange<Int>
    ) throws(FaultSyntaxError) -> Int {
        guard let number = value.flatMap({ Int($0) }), range.contains(number) else {
            throw .badValue(kind: kind, value: value ?? "")
        }
        return number
    }

    private static func text(_ kind: String, _ value: String?) throws(FaultSyntaxError) -> String {
        guard let text = value?.removingPercentEncoding else { throw .badValue(kind: kind, value: value ?? "") }
        return text
    }

    private static func flag(_ kind: String, _ value: String?) throws(FaultSyntaxError) -> Bool {
        if let value { throw .badValue(kind: kind, value: value) }
        return true
    }
}
