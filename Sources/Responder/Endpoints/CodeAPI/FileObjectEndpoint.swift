import CodeAPI
import FastCGI
import Interpreter
import Store

/// What is known of a file, and its removal: `/v1/sessions/{session}/objects/{file}`, and for removal `/v1/files/{session}/{file}`,
/// too.
///
/// LibreChat asks before a run whether an upload is still there. It sends the file again if it is not.
struct FileObjectEndpoint: CodeAPIEndpoint {
    let context: CodeAPIContext
    let route: Route

    static func all(_ context: CodeAPIContext) -> [FileObjectEndpoint] {
        [
            FileObjectEndpoint(context: context, route: .codeAPI(EndpointPath.fileObject, ["GET", "DELETE"])),
            FileObjectEndpoint(context: context, route: .codeAPI(EndpointPath.sessionFile, ["DELETE"])),
        ]
    }

    func respond(
        to request: inout FastCGIRequest, from caller: CodeAPICaller, holding memory: ByteBudget.Reservation
    ) async throws(CodeAPIFailure) -> Acceptance {
        let file = try await context.file(
            route.values(in: request.path)["file"], for: caller, request.queryParameters)
        let storage = try context.open()
        do throws(StoreError) {
            guard request.method != "DELETE" else {
                try await storage.store.delete(file.id, of: file.owner)
                return .answered(Answer(status: 200, body: Array(#"{"message":"success"}"#.utf8)))
            }
            // Who asks is about to use it.
            try? await storage.touchIfDue(file)
            return .answered(Answer(status: 200, body: FileListing.encodedObject(file)))
        } catch {
            throw CodeAPIFailure(Refusal(error))
        }
    }
}
