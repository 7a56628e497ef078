import CodeAPI
import FastCGI
import Interpreter
import Store

/// `GET /v1/download/{session}/{file}`: the bytes of a file. The file alone decides, since older clients have the session of the
/// run in the path, and not that of the file.
struct DownloadEndpoint: CodeAPIEndpoint {
    let context: CodeAPIContext

    var route: Route { .codeAPI(EndpointPath.download, ["GET"]) }

    func respond(
        to request: inout FastCGIRequest, from caller: CodeAPICaller, holding memory: ByteBudget.Reservation
    ) async throws(CodeAPIFailure) -> Acceptance {
        let file = try await context.file(
            route.values(in: request.path)["file"], for: caller, request.queryParameters)
        let storage = try context.open()
        do throws(StoreError) {
            // A file that is used is kept. That this could not be noted is no reason not to send it.
            try? await storage.touchIfDue(file)
            return .answered(
                try await FileSender(storage.store).answer(
                    to: request, with: file,
                    headers: [("Content-Security-Policy", FileSender.contentPolicy)]))
        } catch {
            throw CodeAPIFailure(Refusal(error))
        }
    }
}
