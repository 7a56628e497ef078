import FastCGI
import Interpreter

extension Configuration {
    /// The URL that the token of a link follows, as whoever sent the request can reach it.
    func linkBase(for request: FastCGIRequest, _ secrets: SecretRedactor) -> String {
        (publicBaseURL ?? secrets.redacted(request.baseURL)) + EndpointPath.sharedFiles
    }

    func linkUse(for request: FastCGIRequest, _ secrets: SecretRedactor) -> LinkUse {
        LinkUse(base: linkBase(for: request, secrets), linksImages: linksImages)
    }
}
