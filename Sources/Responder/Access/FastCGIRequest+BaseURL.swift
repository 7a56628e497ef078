import FastCGI

extension FastCGIRequest {
    /// The base URL that the request was sent to, as the web server reports it.
    var baseURL: String {
        let host = header("Host") ?? "127.0.0.1"
        let prefix = params["SCRIPT_NAME"].flatMap { params["PATH_INFO"] == nil ? nil : $0 } ?? ""
        return "\(scheme)://\(host)\(prefix)"
    }
}
