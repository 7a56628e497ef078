import FastCGI
import Testing

@testable import Responder

/// What `/v1/exec/programmatic` and its cancelling say before anything runs.
struct ProgrammaticTests {
    private func ask(_ path: String, _ body: String) async throws -> (status: Int, text: String) {
        let configuration = try Configuration(environment: ["E2B_FCGI_STORE": "off"])
        let responder = try Responder(
            configuration, client: nil, storage: nil, log: EventLog(isLoggingRequests: false))
        let params = [
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
            "CONTENT_TYPE": "application/json",
        ]
        let response = await responder.respond(
            to: FastCGIRequest(params: params, stdin: .success(Array(body.utf8))))
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    @Test func `without a store no program can wait`() async throws {
        #expect(try await ask(EndpointPath.programmatic, #"{"code":"1","tools":[]}"#).status == 503)
        #expect(try await ask(EndpointPath.programmatic, #"{"continuation_token":"t"}"#).status == 400)
        #expect(try await ask(EndpointPath.programmatic, "{}").status == 400)
    }

    @Test(arguments: ["", "{}", #"{"request_id":7}"#, #"{"request_id":""}"#, #"{"request_id":"a b"}"#])
    func `what is no id cancels nothing`(body: String) async throws {
        #expect(try await ask(EndpointPath.cancelProgrammatic, body).status == 400)
    }

    @Test func `a run that is not there is over already`() async throws {
        let answer = try await ask(EndpointPath.cancelProgrammatic, #"{"request_id":"none-has-this-id"}"#)
        #expect(answer.status == 200 && answer.text == #"{"status":"already_completed"}"#)
    }

    @Test func `an id has its limits`() throws {
        let longest = String(repeating: "x", count: 128)
        #expect(try CancellableID(longest).text == longest)
        for text in [longest + "x", "é", "a\n", "a\u{7f}"] {
            #expect(throws: (any Error).self) { try CancellableID(text) }
        }
    }
}
