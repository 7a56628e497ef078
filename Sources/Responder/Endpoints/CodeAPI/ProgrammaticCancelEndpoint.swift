import CodeAPI
import E2B
import FastCGI
import Interpreter
import JSON

/// `POST /v1/exec/programmatic/cancel`: ends a run of `/v1/exec/programmatic`, of this process or another one of the machine.
struct ProgrammaticCancelEndpoint: CodeAPIEndpoint {
    let context: CodeAPIContext
    let runs: LiveRuns

    /// Bytes of a body.
    private static let bodyLimit = 64 << 10

    var route: Route { .codeAPI(EndpointPath.cancelProgrammatic, ["POST"]) }

    func respond(
        to request: inout FastCGIRequest, from caller: CodeAPICaller, holding memory: ByteBudget.Reservation
    ) async throws(CodeAPIFailure) -> Acceptance {
        let body: [UInt8]
        do throws(Refusal) {
            body = try await request.wholeBody(upTo: Self.bodyLimit, holding: memory)
        } catch {
            throw CodeAPIFailure(error)
        }
        let text = body.withUnsafeBytes { bytes in
            try? JSONScanner.value(of: bytes).member("request_id")?.string
        }
        let id = try CancellableID(text)
        let service = context.configuration.e2b.apiKey
        let isCancelled = runs.cancel(id.key(service: service, caller.owner))
        guard isCancelled || !runs.has(id.keyOfAll(service: service)) else {
            throw CodeAPIFailure(status: 403, "The run is another caller's.")
        }
        var json = JSONWriter()
        json.member("status", isCancelled ? "cancelled" : "already_completed")
        return .answered(Answer(status: 200, body: json.finish()))
    }
}
