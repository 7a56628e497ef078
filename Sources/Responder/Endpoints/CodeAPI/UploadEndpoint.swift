import CodeAPI
import FastCGI
import Interpreter
import Store

/// `POST /v1/upload` and `POST /v1/upload/batch`: a form with files, which are kept as they arrive.
struct UploadEndpoint: CodeAPIEndpoint {
    let context: CodeAPIContext
    /// Whether a file that cannot be kept leaves the others alone.
    let isBatch: Bool

    var route: Route { .codeAPI(isBatch ? EndpointPath.uploadBatch : EndpointPath.upload, ["POST"]) }

    /// What a form may have beside the bytes of its files. Bytes.
    private static let formRoom = 1 << 20

    func respond(
        to request: inout FastCGIRequest, from caller: CodeAPICaller, holding memory: ByteBudget.Reservation
    ) async throws(CodeAPIFailure) -> Acceptance {
        let storage = try context.open()
        let limits = UploadLimits()
        if let length = request.body.contentLength, length > limits.files * limits.fileBytes + Self.formRoom {
            throw CodeAPIFailure(status: 413, "The upload is too large: one file may have \(limits.fileBytes) bytes.")
        }
        var upload = try Upload(
            contentType: request.contentType, to: storage.store, owner: caller.storeOwner, limits: limits,
            isBatch: isBatch,
            user: { named in caller.named(named).user })
        do throws(CodeAPIFailure) {
            let reply = try await Self.receive(&upload, from: &request)
            var answer = Answer(status: reply.status, body: reply.encoded())
            if reply.failedCount > 0 {
                answer.outcome.problem = "\(reply.failedCount) files of an upload were not kept"
            }
            return .answered(answer)
        } catch {
            await upload.abandon()
            throw error
        }
    }

    private static func receive(
        _ upload: inout Upload, from request: inout FastCGIRequest
    ) async throws(CodeAPIFailure) -> UploadReply {
        do throws(UploadError) {
            while let piece = try await nextPiece(&request.body) { try await upload.take(piece) }
            return try await upload.finish()
        } catch {
            switch error {
            case .refused(let failure): throw failure
            case .store(let error): throw CodeAPIFailure(Refusal(error))
            }
        }
    }

    private static func nextPiece(_ body: inout RequestBody) async throws(UploadError) -> [UInt8]? {
        do throws(FastCGIError) {
            return try await body.next()
        } catch {
            throw .refused(CodeAPIFailure(Refusal(error)))
        }
    }
}
