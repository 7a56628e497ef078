import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct RecordingComparisonTests {
    @Test(arguments: try Recording.names)
    func `a recording is equal to itself`(name: String) throws {
        let recording = try Recording.bytes(name)
        #expect(RecordingComparison.differences(expected: recording, actual: recording) == [])
    }

    @Test(arguments: try zip(Recording.names, Recording.names.dropFirst()))
    func `one recording is not another`(name: String, next: String) throws {
        #expect(
            try RecordingComparison.differences(expected: Recording.bytes(name), actual: Recording.bytes(next)) != [])
    }

    @Test(arguments: [
        // Counts, times, addresses, pictures, versions.
        (
            #"{"type": "number_of_executions", "execution_count": 4}"#,
            #"{"execution_count": 1, "type": "number_of_executions"}"#
        ),
        (
            #"{"type": "stdout", "text": "a", "timestamp": "2026-11-20T23:11:34.388648+00:00"}"#,
            #"{"type": "stdout", "text": "a", "timestamp": "2027-01-01T00:00:00.000000+00:00"}"#
        ),
        (#"{"type": "result", "text": "<C at 0x7f67f5a2c550>"}"#, #"{"type": "result", "text": "<C at 0x7effff00>"}"#),
        (#"{"type": "result", "png": "iVBORw0KGgoA"}"#, #"{"type": "result", "png": "iVBORw0KGgoB", "chart": {}}"#),
        (
            #"{"type": "stdout", "text": "pip 24.2 from /usr/local/lib/python3.13/pip (python 3.13)"}"#,
            #"{"type": "stdout", "text": "pip 23.0.1 from /usr/lib/python3/pip (python 3.11)"}"#
        ),
        // Time decides how a stream is cut and whether keepalives come.
        (
            #"{"type": "stdout", "text": "ab"}"#,
            "{\"type\": \"stdout\", \"text\": \"a\"}\n{\"type\": \"keepalive\"}\n{\"type\": \"stdout\", \"text\": \"b\"}"
        ),
        // A library's lines.
        (
            #"{"type": "error", "name": "E", "traceback": "Cell In[1]\n----> 1 f()\nFile /usr/lib/x.py:1\n--> 1 g()\nE: x"}"#,
            #"{"type": "error", "name": "E", "traceback": "Cell In[7]\n----> 1 f()\nFile /opt/x.py:9\n--> 9 h()\nE: x"}"#
        ),
        // A race of the kernel.
        (
            #"{"type": "error", "name": "ContextRestarting"}"#,
            "{\"type\": \"number_of_executions\", \"execution_count\": 1}\n{\"type\": \"error\", \"name\": \"ContextRestarting\"}"
        ),
    ])
    func `what may differ does not count`(expected: String, actual: String) {
        #expect(RecordingComparison.differences(expected: Array(expected.utf8), actual: Array(actual.utf8)) == [])
    }

    @Test(arguments: [
        (#"{"type": "end_of_execution"}"#, ""),
        ("", #"{"type": "end_of_execution"}"#),
        (#"{"type": "end_of_execution"}"#, #"{"type": "end_of_execution""#),
        (#"{"type": "stdout", "text": "a"}"#, #"{"type": "stderr", "text": "a"}"#),
        (#"{"type": "stdout", "text": "a"}"#, #"{"type": "stdout", "text": "b"}"#),
        (#"{"type": "result", "text": "a", "extra": {}}"#, #"{"type": "result", "text": "a"}"#),
        (#"{"type": "result", "is_main_result": true}"#, #"{"type": "result", "is_main_result": false}"#),
        (#"{"type": "result", "png": "iVBORw0KGgoA"}"#, #"{"type": "result", "png": "/9j/4AAQ"}"#),
        (#"{"type": "result", "png": "iVBORw0KGgoA"}"#, #"{"type": "result", "png": "iVBORw0K\nGgoA"}"#),
        (#"{"type": "result", "json": [1, 2]}"#, #"{"type": "result", "json": [2, 1]}"#),
        (
            #"{"type": "stdout", "text": "a", "timestamp": "2026-11-20T23:11:34.388648+00:00"}"#,
            #"{"type": "stdout", "text": "a", "timestamp": "2026-11-20 23:11:34"}"#
        ),
        (
            #"{"type": "number_of_executions", "execution_count": 1}"#,
            #"{"type": "number_of_executions", "execution_count": "1"}"#
        ),
        (
            #"{"type": "error", "name": "E", "traceback": "Cell In[1], line 2\n----> 2 f()\nE: x"}"#,
            #"{"type": "error", "name": "E", "traceback": "Cell In[1], line 3\n----> 3 f()\nE: x"}"#
        ),
        (
            "{\"type\": \"error\", \"name\": \"E\"}\n{\"type\": \"result\", \"text\": \"a\"}",
            "{\"type\": \"result\", \"text\": \"a\"}\n{\"type\": \"error\", \"name\": \"E\"}"
        ),
    ])
    func `what must not differ counts`(expected: String, actual: String) {
        #expect(RecordingComparison.differences(expected: Array(expected.utf8), actual: Array(actual.utf8)) != [])
    }
}

@Suite struct RecordedProgramTests {
    @Test func `every recording has its program`() throws {
        let programs = try RecordedProgram.all
        let streams = programs.filter { if case .stream = $0.answer { true } else { false } }
        #expect(try streams.map(\.name).sorted() == Recording.names)
        #expect(programs.count == streams.count + 5)
    }

    @Test func `a request has its code and its other fields`() throws {
        let program = try #require(try RecordedProgram.all.first { $0.name == "env_vars_after" })
        #expect(program.request.starts(with: Array(#"{"code":"import os"#.utf8)))
        let missing = try #require(try RecordedProgram.all.first { $0.name == "missing_code_422" })
        #expect(missing.request == Array("{}".utf8))
    }
}
