internal import Synchronization

/// A request on its way to its handler, which is then the only one that has it: a task would keep what it was made with.
final class RequestBox: Sendable {
    private let request: Mutex<FastCGIRequest?>

    init(_ request: consuming FastCGIRequest) { self.request = Mutex(request) }

    /// nil: somebody has taken it.
    func take() -> FastCGIRequest? { request.withLock { $0.take() } }
}
