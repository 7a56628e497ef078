import Foundation
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

    @Test(arguments: [true, false]) func `a flag is written as JSON has it`(flag: Bool) {
        var line = LogLine()
        line.member("success", flag)
        #expect(String(decoding: line.finish(), as: UTF8.self).hasSuffix("\"success\":\(flag)}\n"))
    }
}
