import Testing

@testable import LocalE2B

@Suite struct FaultGrammarTests {
    @Test func `rules carry their kinds and values`() throws {
        let rules = try FaultRule.parse(
            " create:status=429,retry-after=1,message=too many%2C really,times=2 ;execute:delay=50,cut=100,garbage;kill:hang;"
                + "list:reset;envd:body=%7B%3B%25")
        #expect(rules.count == 5)
        #expect(rules[0].step == .create && rules[0].status == 429 && rules[0].retryAfter == 1 && rules[0].times == 2)
        #expect(rules[0].message == "too many, really")
        #expect(rules[1].delay == .milliseconds(50) && rules[1].cut == 100 && rules[1].hasGarbage)
        #expect(rules[2].hangs && rules[3].resets)
        #expect(rules[4].body == "{;%")
    }

    @Test(arguments: ["", " ", ";", " ; "])
    func `no rules, no faults`(text: String) throws {
        #expect(try FaultRule.parse(text).isEmpty)
    }

    @Test(arguments: [
        ("create", FaultSyntaxError.missingColon(rule: "create")),
        ("creat:hang", .unknownStep("creat")),
        ("create:", .unknownKind("")),
        ("create:explode", .unknownKind("explode")),
        ("create:status=999", .badValue(kind: "status", value: "999")),
        ("create:status", .badValue(kind: "status", value: "")),
        ("create:delay=soon", .badValue(kind: "delay", value: "soon")),
        ("create:times=0", .badValue(kind: "times", value: "0")),
        ("create:hang=1", .badValue(kind: "hang", value: "1")),
        ("edge:cut=5", .pointless(rule: "edge:cut=5", reason: "what comes from a port is not changed")),
        ("process-start:rpc=bad", .badValue(kind: "rpc", value: "bad")),
        ("create:rpc=internal", .pointless(rule: "create:rpc=internal", reason: "only envd has Connect errors")),
        (
            "file-stat:no-end",
            .pointless(
                rule: "file-stat:no-end", reason: "only process-start and process-connect have an end envelope")
        ),
        ("kill:message=x", .pointless(rule: "kill:message=x", reason: "retry-after and message need a status")),
    ])
    func `a wrong rule is refused by name`(text: String, error: FaultSyntaxError) {
        #expect(throws: error) { try FaultRule.parse("execute:hang;\(text)") }
    }

    @Test func `a rule with times is gone after them`() throws {
        let faults = Faults(try FaultRule.parse("create:status=503,times=2;create:status=429"), isChangeable: false)
        #expect((0..<4).map { _ in faults.nextRule(for: [.create])?.status } == [503, 503, 429, 429])
        #expect(faults.nextRule(for: [.kill]) == nil)
    }
}
