internal import Synchronization

/// Hands a request over to a task. A task keeps all that its closure has captured until it ends; the handler takes the
/// request out of the box, and is then the only one that holds it.
final class RequestBox: Sendable {
    private let request: Mutex<FastCGIRequest?>

    init(_ request: consuming FastCGIRequest) { self.request = Mutex(request) }

    /// Takes the request out; nil if it was taken before.
    func take() -> FastCGIRequest? { request.withLock { $0.take() } }
}
