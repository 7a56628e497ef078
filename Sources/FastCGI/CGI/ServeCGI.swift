internal import FoundationEssentials
internal import Glibc
package import System

/// Serves the one request of a CGI process: params from the environment, stdin, stdout (CGI/1.1, RFC 3875).
///
/// The handler is cancelled when the web server closes stdout. It is also cancelled with the task that calls this, and
/// its response is still sent then. SIGPIPE is ignored from now on.
///
/// - Parameters:
///   - environment: its CGI variables become the request's params; the others do not.
///   - input: read as far as `CONTENT_LENGTH` says; without one there is no body. It stays open.
///   - output: where the response is written. It stays open, but a socket is shut down for sending.
///   - onFailure: is told why there is no answer at all, which the web server makes a 500.
package func serveCGI(
    environment: [String: String] = ProcessInfo.processInfo.environment,
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
                    do throws(SystemError) {
                        var exchange = try CGIExchange(input: input, output: output, cancel: cancel?.descriptor ?? -1)
                        exchange.serve(environment, handler)
                    } catch {
                        onFailure(error)
                    }
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
