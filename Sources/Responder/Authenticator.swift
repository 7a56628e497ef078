import FastCGI
import FoundationEssentials

/// Decides who a caller is.
struct Authenticator: Sendable {
    enum Verdict: Equatable {
        /// By the key's name; `local` is a caller on this machine where no keys are configured.
        case admitted(name: String)
        case refused(String)
    }

    let keys: [AccessKey]

    func verdict(on request: FastCGIRequest) -> Verdict {
        guard !keys.isEmpty else { return localVerdict(on: request) }
        guard let secret = secret(in: request) else {
            return .refused(
                "This service needs a key: Authorization: Bearer, X-API-Key, or Basic with the key as password.")
        }
        let digest = AccessKey.digest(secret)
        // All of them, so that the time does not tell which one was close.
        let matching = keys.filter { $0.matches(digest: digest) }
        guard let key = matching.first else { return .refused("The key is not one of this service's.") }
        return .admitted(name: key.name)
    }

    private func localVerdict(on request: FastCGIRequest) -> Verdict {
        let address = request.remoteAddress
        let isLoopback = address.hasPrefix("127.") || address == "::1" || address == "unix:"
        // Another web server in front makes everybody's address this machine's.
        let isForwarded = ["X-Forwarded-For", "X-Real-IP", "Forwarded"].contains {
            request.header($0)?.isEmpty == false
        }
        guard isLoopback, !isForwarded else {
            return .refused("No key is configured (E2B_FCGI_KEYS), so only this machine is answered.")
        }
        return .admitted(name: "local")
    }

    /// What the caller presents, in the order in which LibreChat's settings offer it.
    private func secret(in request: FastCGIRequest) -> String? {
        if let authorization = request.header("Authorization") {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let credentials = parts[1].trimmingSpaces
            switch parts[0].lowercased() {
            case "bearer": return credentials
            case "basic":
                guard let decoded = Data(base64Encoded: credentials) else { return nil }
                let pair = String(decoding: decoded, as: UTF8.self).split(
                    separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                return pair.count == 2 ? String(pair[1]) : nil
            default: return nil
            }
        }
        return request.header("X-API-Key")
    }
}
