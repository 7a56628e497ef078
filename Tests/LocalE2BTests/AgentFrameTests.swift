import Testing

@testable import LocalE2B

@Suite struct AgentFrameTests {
    @Test func `a line is cut out byte for byte`() {
        let line = #"{"type": "stdout", "text": "a}\u00e9 \" {"}"#
        #expect(AgentFrame(Array(#"{"id":12,"line":\#(line)}"#.utf8)) == frame(12, .line(Array(line.utf8))))
        #expect(AgentFrame(Array(#"{"id": 12, "line": \#(line)}"#.utf8)) == frame(12, .line(Array(line.utf8))))
    }

    @Test func `a part of a line keeps its spaces`() {
        #expect(AgentFrame(Array(#"{"id":1,"part":[  "a" ]}"#.utf8))?.content == .part(Array(#"  "a" "#.utf8)))
        #expect(AgentFrame(Array(#"{"id":1,"line":}"#.utf8))?.content == .line([]))
    }

    @Test func `the other kinds`() {
        #expect(AgentFrame(Array(#"{"id":1,"end":true}"#.utf8))?.content == .end)
        #expect(AgentFrame(Array(#"{"id":1,"accepted":true}"#.utf8))?.content == .accepted)
        #expect(AgentFrame(Array(#"{"id":1,"data":"AAEC"}"#.utf8))?.content == .data([0, 1, 2]))
        #expect(AgentFrame(Array(#"{"id":1,"data":""}"#.utf8))?.content == .data([]))
        #expect(AgentFrame(Array(#"{"id":1,"result":[1, 2]}"#.utf8))?.content == .result(Array("[1, 2]".utf8)))
        #expect(
            AgentFrame(Array(#"{"id":1,"error":{"status":404,"text":"Context x not found"}}"#.utf8))?.content
                == .failure(AgentError(status: 404, text: "Context x not found")))
    }

    @Test(arguments: [
        "", "{", "{}", "[]", "null", #"{"id":"1","end":true}"#, #"{"id":1}"#, #"{"id":1,"bomb":1}"#,
        #"{"id":1,"end":true"#,
        #"{"end":true,"id":1}"#, #"{"id":99999999999999999999,"end":true}"#, #"{"id":1,"data":"%"}"#,
        #"{"id":1,"error":7}"#,
        #"{"id":1,"data":"}"#, #"{"id":-1,"end":true}"#, #"{"id":1,"part":[}"#, #"{"id":1,"part":}"#,
        #"{"id":1,"line"}"#,
    ])
    func `what is not a frame is dropped`(text: String) {
        #expect(AgentFrame(Array(text.utf8)) == nil)
    }

    private func frame(_ id: Int, _ content: AgentFrame.Content) -> AgentFrame? {
        var frame = AgentFrame(Array(#"{"id":\#(id),"end":true}"#.utf8))
        frame?.content = content
        return frame
    }
}
