internal import Foundation

/// One answer of the agent: `{"id": 7, "line": …}`.
///
/// The value after the second key is cut out and not decoded, because most values (an execution's lines, process
/// events, file entries) go to the client byte for byte, and the line of a figure can be 10 MB long. Code in a sandbox
/// can write to the agent's pipe, so no frame is trusted, and one of another form is dropped.
struct AgentFrame: Equatable, Sendable {
    enum Content: Equatable, Sendable {
        /// One line of an execution's stream, without its newline. After parts of a long line, it is the rest of that
        /// line.
        case line([UInt8])
        /// A piece of a long line.
        case part([UInt8])
        /// One process event, a JSON object.
        case event([UInt8])
        /// The answer to an operation, as JSON.
        case result([UInt8])
        /// A piece of a file.
        case data([UInt8])
        /// The execution's context exists. Its lines follow once the executions before it have ended.
        case accepted
        case failure(AgentError)
        case end

        /// The bytes that it holds while it waits for its reader.
        var byteCount: Int {
            switch self {
            case .line(let bytes), .part(let bytes), .event(let bytes), .result(let bytes), .data(let bytes):
                bytes.count
            case .accepted, .failure, .end: 0
            }
        }
    }

    var id: Int
    var content: Content

    init?(_ line: some RandomAccessCollection<UInt8>) {
        var scanner = FrameScanner(bytes: line[...].trimmed)
        guard scanner.skip("{"), scanner.skipString() == "id", scanner.skip(":"), let id = scanner.number(),
            scanner.skip(","), let kind = scanner.skipString(), scanner.skip(":"),
            let value = scanner.restWithoutBrace()
        else { return nil }
        self.id = id
        switch kind {
        case "line": content = .line(value)
        case "part":
            // The part is in brackets, which preserve spaces at its ends.
            guard value.count >= 2 else { return nil }
            content = .part([UInt8](value.dropFirst().dropLast()))
        case "event": content = .event(value)
        case "result": content = .result(value)
        case "accepted": content = .accepted
        case "end": content = .end
        case "data":
            guard value.count >= 2, let data = Data(base64Encoded: Data(value.dropFirst().dropLast())) else {
                return nil
            }
            content = .data([UInt8](data))
        case "error":
            guard let failure = try? JSONDecoder().decode(AgentError.self, from: Data(value)) else { return nil }
            content = .failure(failure)
        default: return nil
        }
    }
}

/// An error of the agent: an HTTP status and a text from the interpreter, or a Connect code and a message from envd.
struct AgentError: Error, Equatable, Sendable, Decodable {
    var status: Int?
    var text: String?
    var code: String?
    var message: String?
}

/// The agent's first line, which says that it is ready.
struct AgentGreeting: Decodable {
    var ready: Bool
    var languages: [String]?
}

private struct FrameScanner<Bytes: RandomAccessCollection<UInt8>> where Bytes.SubSequence == Bytes {
    var bytes: Bytes

    private mutating func skipSpace() {
        bytes = bytes.drop { $0 == UInt8(ascii: " ") }
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard bytes.first == UInt8(ascii: character) else { return false }
        bytes = bytes.dropFirst()
        skipSpace()
        return true
    }

    /// A short string without escapes.
    mutating func skipString() -> String? {
        guard bytes.first == UInt8(ascii: "\"") else { return nil }
        let content = bytes.dropFirst().prefix(16).prefix { $0 != UInt8(ascii: "\"") }
        bytes = bytes.dropFirst(content.count + 1)
        guard bytes.first == UInt8(ascii: "\"") else { return nil }
        bytes = bytes.dropFirst()
        return String(decoding: content, as: UTF8.self)
    }

    mutating func number() -> Int? {
        let digits = bytes.prefix(18).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        bytes = bytes.dropFirst(digits.count)
        return Int(String(decoding: digits, as: UTF8.self))
    }

    func restWithoutBrace() -> [UInt8]? {
        guard bytes.last == UInt8(ascii: "}") else { return nil }
        return [UInt8](bytes.dropLast().trimmed)
    }
}

extension RandomAccessCollection<UInt8> where SubSequence == Self {
    fileprivate var trimmed: Self {
        let start = drop { $0 <= 0x20 }
        guard let last = start.lastIndex(where: { $0 > 0x20 }) else { return start.prefix(0) }
        return start[start.startIndex...last]
    }
}
