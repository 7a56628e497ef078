import Foundation
import TestSupport

/// Makes requests of every kind: such as clients send, the same with something wrong, and such as nobody sends. The same seed
/// makes the same requests.
struct AnyRequest {
    private var random: SplitMix64
    /// What a request says in its header and in its body, unless something is wrong with it.
    private var version = "2026-07-28"

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    struct Request {
        var headers: MCPRules.Headers
        var body: [UInt8]
    }

    mutating func next() -> Request {
        let method = pick(Self.methods)
        let tool = pick(Self.tools)
        version = isRare(5) ? pick(["2030-01-01", "2025-11-25", "x"]) : "2026-07-28"
        var headers = MCPRules.Headers()
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: break
        case 3..<8:
            headers = .init(version: version, method: text(of: method), name: text(of: tool))
            if isRare(8) { headers.name = "=?base64?\(base64(of: text(of: tool)))?=" }
            if isRare(12) { headers.version = nil }
            if isRare(12) { headers.method = pick(Self.headerMethods) }
            if isRare(12) { headers.name = pick(Self.headerNames) }
        default:
            headers = .init(
                version: pick(Self.headerVersions), method: pick(Self.headerMethods), name: pick(Self.headerNames))
        }
        var body = Array(isRare(12) ? batch() : message(method, tool))[...]
        if isRare(16) { body = body.prefix(Int.random(in: 0...body.count, using: &random)) }
        if isRare(30), let index = body.indices.randomElement(using: &random) {
            body[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        if isRare(50), let index = body.indices.randomElement(using: &random) {
            body.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
        }
        if isRare(100) { body += Array(pick(["x", "{}", "\u{0}", ",", " \r\n\t"]).utf8) }
        return Request(headers: headers, body: Array(body))
    }

    // MARK: - Messages

    private mutating func batch() -> String.UTF8View {
        if isRare(20) {
            let count = Int.random(in: 90...200, using: &random)
            return
                "[\(Array(repeating: #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, count: count).joined(separator: ","))]"
                .utf8
        }
        let count = Int.random(in: 0...4, using: &random)
        let messages = (0..<count).map { _ in
            isRare(10) ? pick(Self.junk) : String(message(pick(Self.methods), pick(Self.tools)))
        }
        return "[\(messages.joined(separator: ","))]".utf8
    }

    /// - Parameters: JSON texts.
    private mutating func message(_ method: String, _ tool: String) -> String.UTF8View {
        if isRare(100) { return pick(Self.junk).utf8 }
        if isRare(300) { return deep(10_000).utf8 }
        var members = [("jsonrpc", isRare(40) ? pick(Self.junk) : #""2.0""#), ("method", method)]
        if !isRare(12) { members.append(("id", pick(Self.ids))) }
        if isRare(30) { members[1] = (pick(["result", "error"]), pick(Self.junk)) }
        if !isRare(6) { members.append(("params", params(tool))) }
        return object(&members).utf8
    }

    private mutating func params(_ tool: String) -> String {
        if isRare(20) { return pick(Self.junk) }
        if isRare(300) { return deep(5_000) }
        var members = [("name", tool), ("arguments", pick(Self.arguments))]
        if isRare(2) { members.append(("protocolVersion", pick(Self.versions))) }
        if !isRare(4) {
            var meta = [
                ("io.modelcontextprotocol/protocolVersion", isRare(6) ? pick(Self.versions) : "\"\(version)\""),
                ("io.modelcontextprotocol/clientCapabilities", isRare(10) ? pick(Self.junk) : "{}"),
                ("progressToken", pick(Self.ids)),
            ]
            members.append(("_meta", isRare(30) ? pick(Self.junk) : object(&meta)))
        }
        return object(&members)
    }

    /// With something wrong, now and then: a member less, or twice, or of another kind, or in another spelling.
    private mutating func object(_ members: inout [(String, String)]) -> String {
        if isRare(3) { members.shuffle(using: &random) }
        if isRare(30), let index = members.indices.randomElement(using: &random) { members.remove(at: index) }
        if isRare(30), let index = members.indices.randomElement(using: &random) { members[index].1 = pick(Self.junk) }
        if isRare(30), let (name, value) = members.randomElement(using: &random) {
            let other = isRare(2) ? value : pick(isRare(2) ? Self.junk : Self.methods + Self.ids)
            members.insert((name, other), at: Int.random(in: 0...members.count, using: &random))
        }
        if isRare(10) { members.append((pick(["extra", "\\ud800", "\\u0000", ""]), pick(Self.junk))) }
        let blank = isRare(4) ? pick([" ", "\n", "\t", "\r\n  "]) : ""
        let written = members.map { name, value in
            let name = isRare(30) ? escaped(name) : name
            return "\(blank)\"\(name)\"\(blank):\(blank)\(value)"
        }
        return "{\(written.joined(separator: "\(blank),"))\(blank)}"
    }

    /// Nested, with or without its ends.
    private mutating func deep(_ levels: Int) -> String {
        let (open, close) = isRare(2) ? ("[", "]") : (#"{"a":"#, "}")
        let inner = isRare(2) ? "1" : ""
        return String(repeating: open, count: levels) + inner + String(repeating: isRare(4) ? "" : close, count: levels)
    }

    // MARK: - Pieces

    private static let methods = weighted([
        (#""tools/call""#, 8), (#""initialize""#, 3), (#""ping""#, 3), (#""tools/list""#, 2),
        (#""server/discover""#, 3),
        (#""notifications/initialized""#, 1), (#""notifications/cancelled""#, 1), (#""resources/list""#, 1),
        (#""tools/Call""#, 1), (#""""#, 1), (#""OAuth authentication 401""#, 1), (#""ping\u0000""#, 1),
        (#""pi\u006eg""#, 1), (#""\ud83d\ude00""#, 1), (#""\ud800""#, 1), (#""é""#, 1), ("null", 1), ("5", 1),
        ("[]", 1),
    ])
    private static let tools = weighted([
        (#""run_code""#, 6), (#""shell""#, 2), (#""list_files""#, 2), (#""end_session""#, 2), (#""nothing""#, 2),
        (#""RUN_CODE""#, 1), (#""""#, 1), (#""rün_code""#, 1), (#""run_code ""#, 1), (#""\udc00""#, 1), ("7", 1),
        ("null", 1),
    ])
    private static let arguments = [
        "{}", #"{"code":"1"}"#, #"{"code":"print(\"\ud83d\ude00\")","language":"python","timeout":5}"#,
        #"{"code":null}"#,
        #"{"code":"\ud800"}"#, #"{"command":"ls","session":"s"}"#, #"{"path":"/a","path":"/b"}"#, "null", "[]", "5",
        #"{"session":"\u0000"}"#, #"{"timeout":1e999,"code":"1"}"#, #"{"":[[[[]]]]}"#,
    ]
    private static let ids =
        Array(repeating: "1", count: 20) + Array(repeating: #""a""#, count: 20) + [
            "2", "0", "-1", "-0", "9007199254740993", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "123456789012345678901234567890", "1.0", "1.5", "1e3", "1e-3", "1E400", #""a""#,
            #""""#,
            #""1""#, #""é""#, #""\u0000""#, #""\ud83d\ude00""#, #""\ude00\ud83d""#, #""\ud800""#, "null", "true", "[]",
            "[1]",
            "{}",
        ]
    private static let versions = [
        #""2024-11-05""#, #""2025-03-26""#, #""2025-06-18""#, #""2025-11-25""#, #""2026-07-28""#, #""2030-01-01""#,
        #""""#,
        #""latest""#, "20260728", "null", #"["2026-07-28"]"#, #""\ud800""#,
    ]
    private static let junk = [
        "null", "true", "false", "0", "-1", "1e999", #""x""#, #""""#, #""\ud800""#, "[]", "[[]]", "{}",
        #"{"a":{"b":[1,2]}}"#,
        #"["2.0"]"#, #""2.0 ""#, String(repeating: "[", count: 150) + String(repeating: "]", count: 150), "nul", "01",
        "[1,]",
        #""\x""#, #""\u12""#, "\"\u{1}\"", #"{"a"}"#, "",
    ]
    private static let headerVersions: [String?] = [
        nil, "2026-07-28", " 2026-07-28\t", "2026-07-28, 2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26",
        "2024-11-05", "2030-01-01", "", "x",
    ]
    private static let headerMethods: [String?] = [
        nil, "tools/call", "tools/list", "ping", " server/discover ", "Tools/Call", "tools/call, tools/call", "",
    ]
    private static let headerNames: [String?] = [
        nil, "run_code", " shell ", "Run_code", "=?base64?cnVuX2NvZGU=?=", "=?base64?!?=", "=?base64?=?=", "=?base64?",
        "run_code, run_code", "",
    ]

    private static func weighted(_ texts: [(String, Int)]) -> [String] {
        texts.flatMap { Array(repeating: $0, count: $1) }
    }

    private mutating func isRare(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &random)]
    }

    /// What a header says of a JSON text.
    private func text(of json: String) -> String {
        guard case .text(let text) = try? ReferenceJSON(parsing: Array(json.utf8)) else { return "" }
        return text
    }

    private func base64(of text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// The first character as an escape.
    private func escaped(_ name: String) -> String {
        guard let first = name.utf16.first, first != 0x5C else { return name }
        let digits = String(first, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits + name.dropFirst()
    }
}
