import FastCGI
import FoundationEssentials
import Interpreter
import JSON
import Store

/// `GET /f/{token}/{name}`: a file of the store, for whoever has the link. The token alone decides; the name is for people.
struct SharedFileEndpoint: Endpoint {
    /// nil: nothing is kept.
    private let storage: Storage?

    init(_ storage: Storage?) { self.storage = storage }

    var route: Route {
        var route = Route.telling(EndpointPath.sharedFile, isShort: true)
        route.isListed = false
        return route
    }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        guard let storage else { throw .withoutStore }
        let link: LinkSigner.Link
        do throws(LinkSigner.Refusal) {
            // Nothing is looked up before this.
            link = try storage.signer.link(route.values(in: request.path)["token"] ?? "")
        } catch {
            throw Refusal(error)
        }
        do throws(StoreError) {
            let file = try await storage.store.file(link.file, of: link.owner)
            // The link stays good for its time, however the file is kept.
            try? await storage.touchIfDue(file)
            let isInline = file.details.isAdmittedImage
            return .answered(
                try await FileSender(storage.store).answer(
                    to: request, with: file, isInline: isInline, headers: headers(of: file, until: link.expires)))
        } catch {
            throw Refusal(error)
        }
    }

    /// A browser shows a picture in any page, runs nothing, guesses no type, and keeps it no longer than the link works.
    private func headers(of file: StoredFile, until end: Date) -> [(name: String, value: String)] {
        let isDrawing = file.details.isAdmittedImage && file.details.contentType == "image/svg+xml"
        let style = isDrawing ? "; style-src 'unsafe-inline'" : ""
        return [
            ("Content-Security-Policy", FileSender.contentPolicy + style),
            ("Cross-Origin-Resource-Policy", "cross-origin"), ("Access-Control-Allow-Origin", "*"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "private, max-age=\(max(0, Int(end.timeIntervalSinceNow)))"),
        ]
    }

    func answer(to refusal: Refusal) -> Answer {
        var answer = Answer(
            status: refusal.status, body: JSONWriter.value { $0.object { $0.member("error", refusal.sentence) } },
            retryAfter: refusal.retryAfter)
        answer.headers = refusal.headers
        answer.outcome.problem = refusal.logged ?? refusal.sentence
        return answer
    }
}

extension Refusal {
    fileprivate init(_ refusal: LinkSigner.Refusal) {
        switch refusal {
        case .forged: self.init(status: 403, "This link is not one of this service's, or it is not complete.")
        case .expired: self.init(status: 410, "This link has expired.")
        }
    }
}
