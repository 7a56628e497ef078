internal import Synchronization

/// Hands a request over to a task. A task keeps what its closure has captured until it ends; so the closure captures
/// the box, and the handler takes the request out of it and is then the request's only owner.
final class RequestBox: Sendable {
    private let request: Mutex<FastCGIRequest?>

    init(_ request: consuming FastCGIRequest) { self.request = Mutex(request) }

    /// Takes the request out; nil if it was taken before.
    private func take() -> FastCGIRequest? { request.withLock { $0.take() } }

    /// Runs the handler, and then the function that writes the body of its response, if there is one. Call it once.
    ///
    /// - Parameters:
    ///   - method: the request's method.
    ///   - makeStream: makes the stream for a body that is written while it is sent. `length` is its announced length.
    ///   - send: called with the response, and with the stream if there is one.
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
