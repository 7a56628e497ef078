import Interpreter
import Testing

@testable import CodeAPI

struct ProgramToolTests {
    private let time = TimeLimits(standard: .seconds(120), maximum: .seconds(300), call: .seconds(30))

    private func program(_ json: String) throws -> CallingProgram {
        try CallingProgram(json: Array(json.utf8), time: time)
    }

    @Test(arguments: [
        ("get_weather", "get_weather", "get_weather"), ("get-weather now", "get_weather_now", "get_weather_now"),
        ("search.web_mcp_Ex/a", "searchweb_mcp_Exa", "searchweb_mcp_Exa"), ("2fa", "_2fa", "_2fa"),
        ("import", "import_tool", "import"), ("done", "done", "done_tool"), ("日本", "_", "_"),
    ])
    func `a tool has the name that callers expect`(name: String, python: String, bash: String) {
        #expect(ProgramTool.function(name, in: .python) == python)
        #expect(ProgramTool.function(name, in: .bash) == bash)
    }

    @Test func `tools have their parameters in the schema's order, and no name twice`() throws {
        let tools = try program(
            #"""
            {"code":"1","tools":[{"name":"a-b","parameters":{"type":"object","properties":{"z":{},"a":{}}}},{"name":"a b"},
            {"name":"a_b_2"},{"name":""},{"description":"none"},7]}
            """#
        ).tools
        #expect(tools.map(\.name) == ["a-b", "a b", "a_b_2"])
        #expect(tools.map(\.function) == ["a_b", "a_b_2", "a_b_2_2"])
        #expect(tools[0].parameters == ["z", "a"])
    }

    @Test(arguments: [
        "{}", "[]", "{", #"{"code":7}"#, #"{"code":" \n"}"#, #"{"code":"1","lang":"js"}"#,
        #"{"code":"1","lang":"cobol"}"#,
    ])
    func `what is no program that can call tools is refused`(json: String) {
        #expect { try program(json) } throws: { ($0 as? CodeAPIFailure)?.status == 400 }
    }

    @Test func `the language is Python unless it is named, and the time is within its limits`() throws {
        #expect(try program(#"{"code":"1"}"#).program.language == .python)
        let bash = try program(#"{"code":"1","language":"bash","timeout":15000}"#).program
        #expect(bash.language == .bash && bash.timeLimit == .seconds(15))
        #expect(try program(#"{"code":"1","timeout":900000000}"#).program.timeLimit == .seconds(300))
    }
}
