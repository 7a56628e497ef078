internal import FlyingFox
internal import Foundation

extension FaultRule {
    /// The response that is sent instead of serving the request; nil if it is to be served.
    ///
    /// - Parameter isStream: whether the request is for a Connect stream, whose errors are in its end envelope.
    func answer(_ address: SandboxAddress?, isStream: Bool) -> HTTPResponse? {
        let (id, port) = (address?.sandbox ?? "", address?.port ?? 0)
        if isGone { return HTTPError.sandboxGone(id).response }
        if isClosed { return HTTPError.portClosed(id, port).response }
        let message = message ?? "A fault was asked for"
        if let rpc {
            let error = ConnectError(code: rpc, message: message)
            return isStream ? .connect([.failure(error)]) : HTTPError.rpc(error).response
        }
        let headers: HTTPHeaders = retryAfter.map { [HTTPHeader("Retry-After"): "\($0)"] } ?? [:]
        if let body {
            return HTTPResponse(statusCode: .of(status ?? 200), headers: headers, body: Data(body.utf8))
        }
        return status.map { HTTPError.api($0, message, headers: headers).response }
    }

    /// The response with the rule's faults, if its body has a known length. Streams get their faults where they are
    /// made.
    func damaged(_ response: HTTPResponse) async throws -> HTTPResponse {
        guard cut != nil || hasGarbage, case .httpBody(let body) = response.payload, body.count != nil else {
            return response
        }
        let garbage = hasGarbage ? Data("this is not JSON\n".utf8) : Data()
        let whole = garbage + (try await response.bodyData)
        let source = BodySource.once([UInt8](whole)).damaged(by: FaultRule(step: step, cut: cut), isConnect: false)
        return HTTPResponse(
            statusCode: response.statusCode, headers: response.headers,
            body: HTTPBodySequence(from: PulledBody(source: source), count: whole.count))
    }
}
