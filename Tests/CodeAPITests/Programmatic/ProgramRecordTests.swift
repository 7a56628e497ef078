import Interpreter
import JSON
import Testing

@testable import CodeAPI

struct ProgramRecordTests {
    private let calls =
        RunnerCall.list(
            Array(
                #"[{"key":"k1","name":"a","input":{}},{"key":"k2","name":"b","input":{"x":12345678901234567890}}]"#.utf8
            ))
        ?? []

    private func results(_ ids: [String], _ text: String = "1") throws -> ToolResults {
        let list = ids.map { #"{"call_id":"\#($0)","result":\#(text)}"# }.joined(separator: ",")
        let json = #"{"continuation_token":"t","tool_results":[\#(list)]}"#
        let time = TimeLimits(standard: .seconds(120), maximum: .seconds(300), call: .seconds(30))
        guard case .results(let results) = try ProgrammaticRequest(json: Array(json.utf8), time: time) else {
            throw CodeAPIFailure(status: 0, "no results")
        }
        return results
    }

    @Test func `a report has calls with all of their input`() {
        #expect(calls.map(\.name) == ["a", "b"])
        #expect(
            JSONWriter.value { $0.node(calls.last?.input ?? .null) }
                == Array(#"{"x":12345678901234567890}"#.utf8))
        for report in ["", "[]", "{}", #"[{"key":"k"}]"#] { #expect(RunnerCall.list(Array(report.utf8)) == nil) }
    }

    @Test func `a record is read again from its entries`() throws {
        let request = Array(#"{"code":"print('é \"x\"')"}"#.utf8)
        var record = ProgramRecord(of: request, user: "ann")
        #expect(record.count == 0 && !record.isWaiting)
        var entries = [record.begin()]
        let (ids, entry) = record.add(calls)
        entries.append(entry)
        #expect(ids == ["call_001", "call_002"] && record.isWaiting)
        var read = try #require(ProgramRecord(entries: entries))
        #expect(
            read.isWaiting && read.count == 2 && read.request == request && read.session == record.session
                && read.user == "ann")
        entries.append(try read.add(try results(["call_002", "call_001"], #"{"a":"\"\\u00e9"}"#)))
        let again = try #require(ProgramRecord(entries: entries))
        #expect(!again.isWaiting && again.count == 3)
        let program = try CallingProgram(
            json: request, time: TimeLimits(standard: .seconds(1), maximum: .seconds(2), call: .seconds(1)))
        #expect(again.runnerRequest(program) == read.runnerRequest(program))
        // Ids go on where they were.
        #expect(read.add(calls).ids == ["call_003", "call_004"])
    }

    @Test func `only calls that wait can have results`() throws {
        var record = ProgramRecord(of: [])
        _ = record.begin()
        _ = record.add(calls)
        for id in ["call_003", "", "call_1"] {
            #expect { try record.add(try results([id])) } throws: { ($0 as? CodeAPIFailure)?.status == 400 }
        }
        _ = try record.add(try results(["call_001"]))
        _ = record.add(calls)
        #expect { try record.add(try results(["call_002"])) } throws: { ($0 as? CodeAPIFailure)?.status == 400 }
    }

    @Test func `all results together have a limit, and so have the rounds`() throws {
        let text = "\"\(String(repeating: "x", count: ToolResults.resultLimit - 2))\""
        var record = ProgramRecord(of: [])
        _ = record.begin()
        for _ in 0..<ProgramRecord.resultsLimit / ToolResults.resultLimit {
            let ids = record.add([calls[0]]).ids
            _ = try record.add(ToolResults(token: "t", results: [.init(callID: ids[0], json: text, error: "")]))
        }
        let ids = record.add([calls[0]]).ids
        #expect { try record.add(try results(ids)) } throws: { ($0 as? CodeAPIFailure)?.status == 413 }
        var patient = ProgramRecord(of: [])
        for _ in 0..<ProgramRecord.roundLimit {
            #expect(!patient.isExhausted)
            _ = patient.add(calls)
        }
        #expect(patient.isExhausted)
    }

    @Test func `entries of something else are no record`() {
        #expect(ProgramRecord(entries: []) == nil)
        #expect(ProgramRecord(entries: [Array("{}".utf8)]) == nil)
        #expect(ProgramRecord(entries: [Array("x".utf8)]) == nil)
    }
}
