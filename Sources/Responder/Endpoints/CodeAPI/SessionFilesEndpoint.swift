import CodeAPI
import FastCGI
import Interpreter
import Store

/// `GET /v1/files/{session}`: the files of an upload or of a run.
struct SessionFilesEndpoint: CodeAPIEndpoint {
    let context: CodeAPIContext

    var route: Route { .codeAPI(EndpointPath.sessionFiles, ["GET"]) }

    func respond(
        to request: inout FastCGIRequest, from caller: CodeAPICaller, holding memory: ByteBudget.Reservation
    ) async throws(CodeAPIFailure) -> Acceptance {
        let query = request.queryParameters
        let word = query["detail"] ?? FileListing.Detail.simple.rawValue
        guard let detail = FileListing.Detail(rawValue: word) else {
            throw CodeAPIFailure(
                status: 400,
                "`detail` must be one of \(FileListing.Detail.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        let asked = try FileScope { query[$0] }
        let user = caller.named(query["user_id"] ?? (asked?.kind == .user ? asked?.id : nil)).user
        let storage = try context.open()
        let files: [StoredFile]
        do throws(StoreError) {
            guard let session = StoreSessionID(route.values(in: request.path)["session"] ?? "") else { throw .notFound }
            files = try await storage.store.files(in: session, of: caller.storeOwner)
            // That there is no such session, and that it is another one's, is the same answer.
            guard !files.isEmpty else { throw .notFound }
        } catch {
            throw CodeAPIFailure(Refusal(error))
        }
        var refusal: CodeAPIFailure?
        let visible = files.filter { file in
            do throws(CodeAPIFailure) {
                try FileAccess.check(file.details, for: user, asked: asked)
                return true
            } catch {
                refusal = error
                return false
            }
        }
        if visible.isEmpty, let refusal { throw refusal }
        // The list is how older clients ask whether their files are still there.
        for file in visible { try? await storage.touchIfDue(file) }
        return .answered(Answer(status: 200, body: FileListing.encoded(visible, detail)))
    }
}
