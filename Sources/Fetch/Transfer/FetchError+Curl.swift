import CCurl
import System

extension FetchError {
    /// Converts an error of libcurl.
    ///
    /// - Parameter hasBeenSent: whether there was a connection, and sending the request had begun.
    init(_ code: CURLcode, _ easy: EasyHandle, url: String, hasBeenSent: Bool) {
        let host = Self.host(of: url)
        // Without descriptors sockets, the resolver and the file of certificates fail in various ways, so this is
        // checked first.
        if !hasBeenSent, Self.isWithoutDescriptors {
            self = .outOfDescriptors
            return
        }
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED: self = .invalidURL
        case CURLE_UNSUPPORTED_PROTOCOL where !hasBeenSent: self = .invalidURL
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .couldNotResolve(host: host)
        // This is the connect timeout. The driver itself handles the total one.
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_OPERATION_TIMEDOUT: self = .couldNotConnect(host: host)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_USE_SSL_FAILED:
            self = .tls(host: host, message: easy.failure(code))
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_SEND_FAIL_REWIND:
            // If nothing was sent, the connection failed on the way, at a proxy that refused it or closed it.
            self = hasBeenSent ? .cut : .couldNotConnect(host: host)
        // `mayBeSent` refused to send the request again after the first connection had ended.
        case CURLE_ABORTED_BY_CALLBACK where hasBeenSent: self = .cut
        // libcurl returns one of these for a header line above its own limit of 100 kB; from 8.6 on it is the second.
        case CURLE_OUT_OF_MEMORY where hasBeenSent, CURLcode(rawValue: 100) where hasBeenSent:
            self = .responseTooLarge(limit: HeadParser.byteLimit)
        case CURLE_OUT_OF_MEMORY: self = .outOfMemory
        default: self = .curl(code: Int(code.rawValue), message: easy.failure(code))
        }
    }

    /// When the system refuses a descriptor, or a thread.
    init(_ error: SystemError) { self = error.isOutOfDescriptors ? .outOfDescriptors : .outOfMemory }

    private static var isWithoutDescriptors: Bool {
        do throws(SystemError) {
            _ = try EventDescriptor()
            return false
        } catch {
            return error.isOutOfDescriptors
        }
    }

    /// The host of a URL for messages, without credentials and path.
    private static func host(of url: String) -> String {
        // Everything up to the last "@" is skipped, because in a malformed URL a password may contain any of the
        // delimiters below.
        let rest =
            url.lastIndex(of: "@").map { url[url.index(after: $0)...] } ?? url.drop { $0 != "/" }.drop { $0 == "/" }
        let place = rest.prefix { !"/?#".contains($0) }
        if place.hasPrefix("[") { return String(place.prefix { $0 != "]" }) + "]" }
        return String(place.prefix { $0 != ":" })
    }
}
