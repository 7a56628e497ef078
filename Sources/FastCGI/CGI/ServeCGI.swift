internal import FoundationEssentials
internal import Glibc
package import System

/// Serves the one request of a CGI process: params from the environment, stdin, stdout (CGI/1.1, RFC 3875).
///
/// The handler is cancelled when the web server closes stdout, or when the calling task is cancelled; in the latter
/// case its response is still sent. SIGPIPE is ignored from now on.
///
/// - Parameters:
///   - environment: the environment of the process, whose CGI variables become the request's params.
///   - input: the descriptor of the request's body. It is read up to `CONTENT_LENGTH`, and is not closed.
///   - output: the descriptor to which the response is written. It is not closed, but a socket is shut down for
///     sending.
///   - onFailure: called with the reason if there is no response, for which the web server then answers 500.
package func serveCGI(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO,
    onFailure: @escaping @Sendable (SystemError) -> Void = { _ in }, handler: @escaping Handler
) async {
    signal(SIGPIPE, SIG_IGN)
    // Without this descriptor the request is still answered, but it cannot be cancelled.
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
