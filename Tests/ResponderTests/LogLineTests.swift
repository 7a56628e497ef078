import Foundation
import Interpreter
import Testing

@testable import Responder

struct LogLineTests {
    @Test func `a line is one JSON object, with the time first`() throws {
        var line = LogLine()
        line.member("path", "/a\"b\\c\n\u{1}é")
        line.member("status", 200)
        line.member("ms", milliseconds: .microseconds(12_034))
        let bytes = line.finish()
        #expect(bytes.last == UInt8(ascii: "\n") && bytes.count { $0 == UInt8(ascii: "\n") } == 1)
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(#"{"time":"20"#))

        let object = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(object["path"] as? String == "/a\"b\\c\n\u{1}é")
        #expect(object["status"] as? Int == 200)
        #expect(object["ms"] as? Double == 12.034)
        let time = try Date(
            #require(object["time"] as? String), strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        #expect(abs(time.timeIntervalSinceNow) < 3600)
    }

    @Test(arguments: [(0, "0.000"), (5, "0.005"), (999, "0.999"), (61_000_020, "61000.020"), (-7, "0.000")])
    func `milliseconds have three digits after the point`(microseconds: Int, text: String) {
        var line = LogLine()
        line.member("ms", milliseconds: .microseconds(microseconds))
        #expect(String(decoding: line.finish(), as: UTF8.self).hasSuffix("\"ms\":\(text)}\n"))
    }

    @Test func `words for people are one line, whatever somebody sends`() {
        var line = LogLine(.warning, as: .text)
        line.word("method", "GET")
        line.word("path", "/a b\n2026-01-01T00:00:00.000Z error forged")
        line.member("status", 200)
        line.member("ms", milliseconds: .microseconds(12_034))
        line.member("success", false)
        line.member("error", "Not \"this\"")
        line.member("caller", "team")
        let text = String(decoding: line.finish(), as: UTF8.self)
        #expect(text.count { $0 == "\n" } == 1 && text.hasSuffix("\n"))
        let rest = text.dropFirst("2026-01-01T00:00:00.000Z".count)
        #expect(
            rest
                == #" warning GET "/a b\n2026-01-01T00:00:00.000Z error forged" status=200 ms=12.034 success=false error="Not \"this\"" caller=team"#
                + "\n")
    }

    @Test(arguments: [
        (LogLevel.error, ["502"]), (.warning, ["502", "400", "500 notice"]),
        (.info, ["502", "400", "200", "500 notice", "told"]),
    ])
    func `a level leaves out what has less weight`(level: LogLevel, logged: [String]) async throws {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let log = EventLog(isLoggingRequests: true, level: level, output: output)
        for (status, problem) in [(502, "broken"), (400, "wrong"), (200, nil)] as [(Int, String?)] {
            var outcome = Outcome()
            outcome.problem = problem
            let trace = RequestTrace(id: "id", route: "/execute", measurements: Measurements())
            log.request(
                trace, method: "POST", path: "/execute", status: status, bytesOut: 0, duration: .zero, outcome: outcome)
        }
        log.warning("500 notice")
        log.notice("told")
        output.flush(within: .seconds(60))
        try pipe.fileHandleForWriting.close()
        let lines = String(decoding: try #require(try pipe.fileHandleForReading.readToEnd()), as: UTF8.self)
            .split(separator: "\n")
        let all = ["502", "400", "200", "500 notice", "told"]
        #expect(lines.count == logged.count)
        for word in all {
            let isThere = lines.contains { $0.contains("\"status\":\(word),") || $0.contains("\"notice\":\"\(word)\"") }
            #expect(isThere == logged.contains(word), "\(word) in \(lines)")
        }
        for line in lines where line.contains("\"success\":false") {
            let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            for name in ["level", "id", "error", "step", "client", "e2bMs", "imageMs", "queueMs"] {
                #expect(object[name] != nil, "\(name)")
            }
        }
    }

    @Test(arguments: [true, false]) func `a flag is written as JSON has it`(flag: Bool) {
        var line = LogLine()
        line.member("success", flag)
        #expect(String(decoding: line.finish(), as: UTF8.self).hasSuffix("\"success\":\(flag)}\n"))
    }
}
