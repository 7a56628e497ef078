internal import Synchronization

/// Hands a request over to a task. A task keeps all that its closure has captured until it ends; the handler takes the
/// request out of the box, and is then the only one that holds it.
final class RequestBox: Sendable {
    private let request: Mutex<FastCGIRequest?>

    init(_ request: consuming FastCGIRequest) { self.request = Mutex(request) }

    /// Takes the request out; nil if it was taken before.
    private func take() -> FastCGIRequest? { request.withLock { $0.take() } }

    /// Runs the handler, and after that what writes the body of its response, if there is any. Call it once.
    ///
    /// - Parameters:
    ///   - method: of the request.
    ///   - send: called with the response, and the stream if its body is written while it is sent.
    func answer(
        with handler: Handler, method: String, makeStream: (_ length: Int?) -> ResponseStream,
        send: (Response, ResponseStream?) -> Void
    ) async {
        guard let request = take() else { return }
        let response = await handler(consume request)
        guard case .stream(let length, let write) = response.body(forMethod: method) else { return send(response, nil) }
        let stream = makeStream(length)
        send(response, stream)
        await stream.run(write)
    }
}
