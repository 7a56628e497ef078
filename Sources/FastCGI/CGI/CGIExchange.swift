internal import FoundationEssentials
internal import Glibc
package import System

/// Serves the one request of a CGI process: params from the environment, stdin, stdout (CGI/1.1, RFC 3875).
///
/// The handler is cancelled when the web server closes stdout. It is also cancelled with the task that calls this, and
/// its response is still sent then. SIGPIPE is ignored from now on.
///
/// - Parameters:
///   - bodyLimit: a `CONTENT_LENGTH` above it is refused before anything is read.
///   - environment: its CGI variables become the request's params; the others do not.
///   - input: read as far as `CONTENT_LENGTH` says; without one there is no body. It stays open.
///   - output: where the response is written. It stays open.
///   - onFailure: is told why there is no answer at all, which the web server makes a 500.
package func serveCGI(
    bodyLimit: @escaping BodyLimit, environment: [String: String] = ProcessInfo.processInfo.environment,
    input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO,
    onFailure: @escaping @Sendable (SystemError) -> Void = { _ in }, handler: @escaping Handler
) async {
    signal(SIGPIPE, SIG_IGN)
    // Without this descriptor the request is answered as well, but cannot be cancelled.
    let cancel = try? EventDescriptor()
    await withTaskCancellationHandler {
        await withCheckedContinuation { (ended: CheckedContinuation<Void, Never>) in
            do throws(SystemError) {
                // Reading and writing block, so they have a thread outside the cooperative pool.
                try startThread(named: "cgi") {
                    let exchange = CGIExchange(
                        bodyLimit: bodyLimit, input: input, output: output, cancel: cancel?.descriptor ?? -1)
                    do throws(SystemError) { try exchange.serve(environment, handler) } catch { onFailure(error) }
                    ended.resume()
                }
            } catch {
                onFailure(error)
                ended.resume()
            }
        }
    } onCancel: {
        cancel?.signal()
    }
}

/// One request on a pair of descriptors.
struct CGIExchange {
    /// How long a web server may go on sending a body that nobody reads. See ``drain()``.
    private static let linger = Duration.seconds(2)

    let bodyLimit: BodyLimit
    let input: CInt
    let output: CInt
    /// A descriptor that becomes readable when the handler is to be cancelled; -1 for never.
    let cancel: CInt

    func serve(_ environment: [String: String], _ handler: @escaping Handler) throws(SystemError) {
        let handlerTask = try HandlerTask()
        let params = environment.filter { Self.isParam($0.key) }
        let limit = bodyLimit(FastCGIRequest(params: params, stdin: .success([])))
        let stdin = BodyReader(limit: limit, undeclared: .empty)
            .read(contentLength: params["CONTENT_LENGTH"]) { fill($0) }
        let request = FastCGIRequest(params: params, stdin: stdin)
        let method = request.method
        // A half-closed socket is no hang-up: with Apache's mod_cgid, stdin and stdout are one socket, and this is how
        // stdin ends.
        let response = handlerTask.response(
            to: consume request, hangUpOn: output, halfWay: false, cancelOn: cancel, from: handler)
        guard let response, write(response.head), write(response.body(forMethod: method)) else { return }
        if case .failure = stdin { drain() }
    }

    /// Reads the rest of stdin for a while, and drops it.
    ///
    /// The process ends next. If bytes were unread, the kernel would reset the socket, and a web server that is still
    /// sending would lose the response that it has not read yet.
    private func drain() {
        // This tells the web server that the response has ended. It fails for a pipe, which needs no draining.
        guard shutdown(output, CInt(SHUT_WR)) == 0 else { return }
        let end = ContinuousClock.now + Self.linger
        var interest = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
            while ContinuousClock.now < end, poll(&interest, 1, 100) >= 0 {
                if interest.revents != 0, Glibc.read(input, buffer.baseAddress, buffer.count) <= 0 { break }
            }
        }
    }

    /// Whether a variable belongs to the request. The environment also holds others, such as PATH and the service's
    /// secrets.
    private static func isParam(_ name: String) -> Bool {
        let names = ["AUTH_TYPE", "GATEWAY_INTERFACE", "HTTPS", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING"]
        let prefixes = ["HTTP_", "CONTENT_", "DOCUMENT_", "REDIRECT_", "REMOTE_", "REQUEST_", "SCRIPT_", "SERVER_"]
        return names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }

    /// - Returns: the number of bytes, which is less than the buffer's size only at the end.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            guard let count = try? Descriptor.read(input, into: rest), count > 0 else { break }
            filled += count
        }
        return filled
    }

    /// - Returns: false if the web server closed stdout.
    private func write(_ bytes: [UInt8]) -> Bool {
        do throws(SystemError) {
            try Descriptor.write(bytes[...], to: output)
            return true
        } catch {
            return false
        }
    }
}
