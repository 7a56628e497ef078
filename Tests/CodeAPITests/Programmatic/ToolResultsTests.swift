import Interpreter
import Testing

@testable import CodeAPI

struct ToolResultsTests {
    private let time = TimeLimits(standard: .seconds(120), maximum: .seconds(300), call: .seconds(30))

    private func results(_ list: String, token: String = #""t""#) throws -> ToolResults? {
        let json = #"{"continuation_token":\#(token),"tool_results":\#(list)}"#
        guard case .results(let results) = try ProgrammaticRequest(json: Array(json.utf8), time: time) else {
            return nil
        }
        return results
    }

    @Test func `results are any JSON, and errors have a message`() throws {
        let results = try results(
            #"""
            [{"call_id":"a","result":{"x":[1.50,null]}},{"call_id":"b"},{"call_id":"c","is_error":true,"error_message":"no \"x\""},
            {"call_id":"d","is_error":true,"result":"why"}]
            """#)
        #expect(results?.token == "t")
        #expect(results?.results.map(\.json) == [#"{"x":[1.50,null]}"#, "null", nil, nil])
        #expect(results?.results.map(\.error) == ["", "", #"no "x""#, "why"])
    }

    @Test(arguments: ["[]", "{}", "7", #"[{"result":1}]"#, "[1]", #"[{"call_id":"a"},{"call_id":"a"}]"#])
    func `a list that says nothing, or two things, is refused`(list: String) {
        #expect { try results(list) } throws: { ($0 as? CodeAPIFailure)?.status == 400 }
    }

    @Test func `a token is a string, and without one it is a program`() {
        #expect { try results(#"[{"call_id":"a"}]"#, token: "7") } throws: {
            ($0 as? CodeAPIFailure)?.status == 400
        }
        #expect { try results(#"[{"call_id":"a"}]"#, token: "null") } throws: {
            ($0 as? CodeAPIFailure)?.sentence.contains("`code`") == true
        }
    }

    @Test(arguments: [(0, true), (1, false)])
    func `a result has its limit`(more: Int, fits: Bool) throws {
        let text = String(repeating: "x", count: ToolResults.resultLimit - 2 + more)
        let list = #"[{"call_id":"a","result":"\#(text)"}]"#
        if fits {
            #expect(try results(list) != nil)
        } else {
            #expect { try results(list) } throws: { ($0 as? CodeAPIFailure)?.status == 413 }
        }
    }
}
