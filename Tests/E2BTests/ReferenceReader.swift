import Foundation

@testable import E2B

/// Reads a whole stream with Foundation's JSON, slowly and obviously. What the real reader is compared with.
enum ReferenceReader {
    static func events(of stream: [UInt8]) throws -> [ExecutionEvent] {
        try stream.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let fields = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else { return nil }
            func text(_ key: String) -> String? { fields[key] as? String }
            switch text("type") {
            case "number_of_executions": return .started(count: fields["execution_count"] as? Int ?? 0)
            case "stdout": return .stdout(text("text") ?? "")
            case "stderr": return .stderr(text("text") ?? "")
            case "error":
                return .failed(
                    .init(
                        name: text("name") ?? "", value: text("value") ?? "", traceback: text("traceback") ?? ""))
            case "result":
                func bytes(_ key: String) -> Result<[UInt8], MalformedBase64>? {
                    text(key).map { Data(base64Encoded: $0).map { .success([UInt8]($0)) } ?? .failure(.init()) }
                }
                var result = ExecutionResult(
                    text: text("text"), isMainResult: fields["is_main_result"] as? Bool ?? false)
                result.html = text("html")
                result.markdown = text("markdown")
                result.latex = text("latex")
                result.javascript = text("javascript")
                result.svg = text("svg")
                result.png = bytes("png")
                result.jpeg = bytes("jpeg")
                result.pdf = bytes("pdf")
                result.json = try fields["json"].map { try normal($0) }
                if result.png == nil, result.jpeg == nil, result.svg == nil {
                    result.chart = try fields["chart"].map { try normal($0) }
                }
                if result.text == nil, result.html == nil { result.data = try fields["data"].map { try normal($0) } }
                let extra = fields["extra"] as? [String: Any] ?? [:]
                let image = { (type: String) in
                    (extra[type] as? String).map { text in
                        let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters)
                        return data.map { Result.success([UInt8]($0)) } ?? .failure(MalformedBase64())
                    }
                }
                (result.gif, result.webp) = (image("image/gif"), image("image/webp"))
                result.extra = extra.keys.filter { $0 != "image/gif" && $0 != "image/webp" }.sorted()
                return .result(result)
            default: return nil
            }
        }
    }

    /// JSON with its keys sorted and its spaces gone, to compare by meaning.
    static func normal(_ value: Any) throws -> String {
        String(
            decoding: try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed]),
            as: UTF8.self)
    }

    static func normal(_ event: ExecutionEvent) throws -> ExecutionEvent {
        guard case .result(var result) = event else { return event }
        for member in [\ExecutionResult.json, \.chart, \.data] {
            guard let json = result[keyPath: member] else { continue }
            result[keyPath: member] = try normal(
                JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed))
        }
        return .result(result)
    }
}

extension ExecutionReader {
    /// Every event of a stream that arrives in these chunks.
    static func events(of chunks: some Sequence<[UInt8]>, lineLimit: Int = 64 << 20) throws -> [ExecutionEvent] {
        var reader = ExecutionReader(lineLimit: lineLimit)
        var events: [ExecutionEvent] = []
        for chunk in chunks {
            reader.append(chunk)
            while let event = try reader.next() { events.append(event) }
        }
        if let event = try reader.finish() { events.append(event) }
        return events
    }

    static func events(of stream: String) throws -> [ExecutionEvent] { try events(of: [Array(stream.utf8)]) }
}
