import Foundation
import TestSupport
import Testing

@testable import E2B

@Suite(.timeLimit(.minutes(10))) struct ExecutionReaderTests {
    @Test(arguments: try Recording.names) func `a recording means what Foundation reads`(name: String) throws {
        let stream = try Recording.bytes(name)
        let events = try ExecutionReader.events(of: [stream])
        #expect(try events.map(ReferenceReader.normal) == ReferenceReader.events(of: stream))
        #expect(events.count >= 1 || name == "empty_code" || name == "last_expression_none")
    }

    @Test(arguments: try Recording.names) func `a recording may be cut anywhere`(name: String) throws {
        let stream = try Recording.bytes(name)
        let whole = try ExecutionReader.events(of: [stream])
        if stream.count < 3000 {
            #expect(try ExecutionReader.events(of: stream.map { [$0] }) == whole)
            for cut in 0...stream.count {
                let chunks = [Array(stream[..<cut]), Array(stream[cut...])]
                guard try ExecutionReader.events(of: chunks) == whole else {
                    Issue.record("differs when cut at \(cut)")
                    break
                }
            }
        }
        var random = SplitMix64(state: UInt64(stream.count))
        for _ in 0..<3 {
            var rest = stream[...]
            var chunks: [[UInt8]] = []
            while !rest.isEmpty {
                let chunk = rest.prefix(Int.random(in: 0...max(1, stream.count / 20), using: &random))
                chunks.append(Array(chunk))
                rest = rest.dropFirst(chunk.count)
            }
            #expect(try ExecutionReader.events(of: chunks) == whole)
        }
    }

    @Test(arguments: try Recording.names.filter { try Recording.bytes($0).count < 1500 })
    func `a recording that stops early is broken`(name: String) throws {
        let stream = try Recording.bytes(name)
        for length in 0..<stream.count - 1 {  // without its last newline it is whole
            #expect(throws: E2BError.broken(.execute, why: "the stream ended early")) {
                try ExecutionReader.events(of: [Array(stream[..<length])])
            }
        }
        #expect(try ExecutionReader.events(of: [stream.dropLast()]) == ExecutionReader.events(of: [stream]))
    }

    @Test(arguments: ["hello", "unicode_and_ansi", "pil_image_value", "display_json", "error_zero_division"])
    func `a damaged recording is read or refused`(name: String) throws {
        let stream = try Recording.bytes(name)
        var random = SplitMix64(state: 11)
        var refusals = 0
        for _ in 0..<2000 {
            var damaged = stream
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let at = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: damaged[at] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged.removeSubrange(at..<min(damaged.count, at + Int.random(in: 1...9, using: &random)))
                default: damaged.insert(contentsOf: damaged[at...].prefix(20), at: at)
                }
            }
            let cut = Int.random(in: 0...damaged.count, using: &random)
            do {
                _ = try ExecutionReader.events(of: [Array(damaged[..<cut]), Array(damaged[cut...])])
            } catch E2BError.broken(.execute, why: _) {
                refusals += 1
            }
        }
        #expect((100..<2000).contains(refusals))
    }

    @Test func `what is unknown is skipped`() throws {
        let events = try ExecutionReader.events(
            of: """
                {"type":"keepalive"}

                \t \r
                {"type":"number_of_executions","execution_count":7,"colour":{"a":[1,2.5e3,{"b":null}]}}
                {"type":"telemetry","text":5}
                { "text" : "x" , "\\u0074ype" : "std\\u006fut" }\r
                {"type":"stderr","text":null}
                {"type":"end_of_execution","also":true}
                this is never read
                """)
        #expect(events == [.started(count: 7), .stdout("x"), .stderr("")])
    }

    @Test func `both errors are handed on`() throws {
        let events = try ExecutionReader.events(
            of: """
                {"type":"error","name":"WebSocketError","value":"lost","traceback":""}
                {"type":"error","name":"UnexpectedEndOfExecution","value":null}
                {"type":"end_of_execution"}
                """)
        #expect(
            events == [
                .failed(.init(name: "WebSocketError", value: "lost", traceback: "")),
                .failed(.init(name: "UnexpectedEndOfExecution", value: "", traceback: "")),
            ])
    }

    @Test func `an unexpected end is a failure and the end`() throws {
        let events = try ExecutionReader.events(
            of: "{\"type\":\"unexpected_end_of_execution\"}\n{\"type\":\"stdout\"}\n")
        guard case .failed(let failure) = try #require(events.first) else { return #expect(Bool(false)) }
        #expect(failure.name == "UnexpectedEndOfExecution")
        #expect(events.count == 1)
    }

    @Test func `a result keeps what it can and names the rest`() throws {
        let events = try ExecutionReader.events(
            of: #"""
                {"type":"result","png":"!!!!","jpeg":5,"pdf":"QUJD\nRA==","svg":null,"html":["a"],"json":"s","chart":{},"data":{"a":[1]},"extra":{"image/gif":"R0lG\n","image/avif":"","image/webp":{"a":1},"x/y":[]},"is_main_result":null}
                {"type":"end_of_execution"}
                """#)
        var expected = ExecutionResult()
        expected.png = .failure(MalformedBase64())
        expected.jpeg = .failure(MalformedBase64())
        expected.pdf = .success(Array("ABCD".utf8))
        expected.html = #"["a"]"#
        expected.json = #""s""#
        expected.gif = .success(Array("GIF".utf8))
        expected.webp = .failure(MalformedBase64())
        expected.extra = ["image/avif", "x/y"]
        #expect(events == [.result(expected)])
    }

    @Test func `there is room for every field`() {
        #expect(ExecutionLine.Fields.Name.allCases.count == 19)
    }

    @Test func `the code cannot flood a result with formats`() throws {
        let extra = (0..<1000).map { "\"x/\($0)\":0" }.joined(separator: ",")
        let events = try ExecutionReader.events(
            of: "{\"type\":\"result\",\"extra\":{\(extra)}}\n{\"type\":\"end_of_execution\"}")
        guard case .result(let result) = try #require(events.first) else { return #expect(Bool(false)) }
        #expect(result.extra.count == 32)
    }

    @Test func `a garbage line is broken and not repeated`() throws {
        var reader = ExecutionReader(lineLimit: 1000)
        reader.append(Array("{\"type\":\"stdout\",\"text\":\"a\"}\n{\"type\": secret}\n".utf8))
        #expect(try reader.next() == .stdout("a"))
        #expect(throws: E2BError.broken(.execute, why: "line 2 of the stream lacks a value at byte 9")) {
            try reader.next()
        }
    }

    @Test(arguments: ["[]", "5", "null", "{}", #"{"type":5}"#, #"{"type":null}"#, "\u{0}", "{\"type\":\"stdout\"}x"])
    func `a line that is no event is broken`(line: String) {
        #expect {
            try ExecutionReader.events(of: line + "\n{\"type\":\"end_of_execution\"}\n")
        } throws: { error in
            guard case E2BError.broken(.execute, why: let why) = error else { return false }
            return why.contains("line 1")
        }
    }

    @Test(arguments: [(39, false), (40, true), (41, true)])
    func `a line may be as long as the limit`(limit: Int, isAllowed: Bool) throws {
        let line = #"{"type":"stdout","text":"0123456789abc"}"#  // 40 bytes
        let stream = Array((line + "\n{\"type\":\"end_of_execution\"}\n").utf8)
        for chunks in [[stream], stream.map { [$0] }] {
            if isAllowed {
                #expect(try ExecutionReader.events(of: chunks, lineLimit: limit) == [.stdout("0123456789abc")])
            } else {
                #expect(throws: E2BError.tooLarge(.execute, limit: limit)) {
                    try ExecutionReader.events(of: chunks, lineLimit: limit)
                }
            }
        }
    }

    @Test func `a line without end is refused before it fills the memory`() {
        var reader = ExecutionReader(lineLimit: 1 << 16)
        let chunk = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 12)
        var fed = 0
        #expect(throws: E2BError.tooLarge(.execute, limit: 1 << 16)) {
            while fed < 1 << 20 {
                reader.append(chunk)
                fed += chunk.count
                _ = try reader.next()
            }
        }
        #expect(fed == (1 << 16) + (1 << 12))
    }

    @Test func `a line of many chunks is searched once`() throws {
        // 16 MB in 4 kB pieces: searched from its start each time, this would be 32 GB of searching.
        var reader = ExecutionReader(lineLimit: 64 << 20)
        reader.append(Array(#"{"type":"stdout","text":""#.utf8))
        let chunk = [UInt8](repeating: UInt8(ascii: "z"), count: 1 << 12)
        for _ in 0..<1 << 12 {
            reader.append(chunk)
            #expect(try reader.next() == nil)
        }
        reader.append(Array("\"}\n".utf8))
        guard case .stdout(let text) = try reader.next() else { return #expect(Bool(false)) }
        #expect(text.utf8.count == 16 << 20)
    }
}
