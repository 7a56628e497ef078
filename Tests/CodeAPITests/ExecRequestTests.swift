import Interpreter
import Store
import Testing

@testable import CodeAPI

struct ExecRequestTests {
    private let time = TimeLimits(standard: .seconds(120), maximum: .seconds(300), call: .seconds(30))

    private func read(_ json: String) throws -> ExecRequest { try ExecRequest(json: Array(json.utf8), time: time) }

    private func program(_ members: String) throws -> WorkspaceProgram {
        try read(#"{"lang":"py","code":"1"\#(members)}"#).program.get()
    }

    @Test(arguments: [
        ("py", Language.python), ("python", .python), ("Python3", .python), ("js", .javascript), ("node", .javascript),
        ("bun", .javascript), ("ts", .typescript), ("R", .r), ("Rscript", .r), ("java", .java), ("bash", .bash),
        ("sh", .bash), (" shell ", .bash),
    ])
    func `a language has many names`(name: String, language: Language) throws {
        let request = try read(#"{"lang":"\#(name)","code":"1"}"#)
        #expect(try request.program.get().language == language)
    }

    @Test(arguments: ["go", "rs", "f90", "cobol\\u0000\\n", ""])
    func `what is no language here is told to the model, with those that are`(name: String) throws {
        let request = try read(#"{"lang":"\#(name)","code":"1"}"#)
        guard !name.isEmpty else { return #expect(try request.program.get().language == .python) }
        guard case .failure(let unfit) = request.program else {
            Issue.record("\(name)")
            return
        }
        #expect(
            unfit.sentence.contains("py (Python)") && unfit.sentence.contains("bash") && !unfit.sentence.contains("\n"))
    }

    @Test func `a time is in milliseconds, and never refused`() throws {
        for (json, seconds) in [
            ("60000", 60.0), ("1", 1), ("-5", 120), ("0", 120), ("99999999999999", 300), ("1e400", 300),
            (#""2500""#, 2.5), ("null", 120), ("[]", 120),
        ] {
            let limit = try program(#","timeout":\#(json)"#).timeLimit
            #expect(limit == .seconds(seconds), "\(json)")
        }
    }

    @Test func `arguments are an array, or one string`() throws {
        #expect(try program(#","args":["a b","",3,true,null,{}]"#).arguments == ["a b", "", "3", "true"])
        #expect(try program(#","args":"a b""#).arguments == ["a b"])
        #expect(try program(#","args":"""#).arguments == [])
        #expect(try program(#","args":null"#).arguments == [])
        let unfit = try read(#"{"lang":"py","code":"1","args":["\u0000"]}"#).program
        #expect(throws: UnfitProgram.self) { try unfit.get() }
    }

    @Test func `files have old and new names`() throws {
        let id = "aaaaaaaaaaaaaaaaaaaaa"
        let request = try read(
            """
            {"code":"1","lang":"py","unknown":[{}],"LIBRECHAT_CODE_API_KEY":"x","files":[
              {"id":"\(id)","session_id":"s","name":"old.csv","entity_id":"agent_1"},
              {"id":"\(id)","storage_session_id":"s","resource_id":"skill_1","name":"a/new.csv","kind":"skill","version":"2"},
              {"id":"\(id)","resource_id":"user_1","kind":"user","name":""}, {"name":"none"}, 7, null]}
            """)
        #expect(request.inputs.map(\.name) == ["old.csv", "a/new.csv", nil])
        #expect(request.inputs.map(\.scope?.kind) == [.agent, .skill, .user])
        #expect(request.inputs.map(\.scope?.id) == ["agent_1", "skill_1", "user_1"])
        #expect(request.inputs[1].scope?.version == "2")
    }

    @Test func `whom and what a run belongs to may be said or not`() throws {
        let request = try read(#"{"code":"1","user_id":"u","runtime_session_hint":"v2:conversation:0123"}"#)
        #expect(request.userID == "u" && request.hint == "v2:conversation:0123")
        let other = try read(#"{"code":"1","user_id":"","runtime_session_hint":null}"#)
        #expect(other.userID == nil && other.hint == nil)
    }

    @Test(arguments: ["", "[]", "{", #"{"lang":"py"}"#, #"{"code":7}"#, #"{"code":null}"#, "\u{1f}\u{8b}"])
    func `what is no program at all is refused`(json: String) {
        #expect(throws: CodeAPIFailure.self) { try read(json) }
    }

    @Test func `what no program can have is told to the model`() throws {
        for code in [#"print(\u0000)"#, #"print('\ud83d')"#] {
            let request = try read(#"{"lang":"py","code":"\#(code)"}"#)
            #expect(throws: UnfitProgram.self) { try request.program.get() }
        }
    }

    @Test func `a program may be in a code block, and its lines end as any`() throws {
        #expect(try read(#"{"lang":"bash","code":"```sh\necho 1\r\n```"}"#).program.get().code == "echo 1\n")
    }
}
