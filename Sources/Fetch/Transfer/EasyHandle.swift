import CCurl
import CCurlShim

/// A libcurl easy handle, used for one transfer after another.
///
/// Options that are the same for all requests are set once. `prepare` sets the others where they differ from the last
/// request's, of which `last` keeps note: at one time most requests go to a few endpoints. Header lines and small bodies go
/// into memory that the handle keeps, so that libcurl need not copy them.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    /// Whose callbacks libcurl calls. The driver keeps it while it is set.
    unowned(unsafe) var transfer: Transfer?
    /// What was set for the last request.
    var last = LastRequest()
    private var headers = CurlHeaderList()
    private var smallBody = SmallBody()
    private let message: UnsafeMutablePointer<CChar>

    init(_ configuration: FetchConfiguration) throws(FetchError) {
        guard let raw = curl_easy_init() else { throw .outOfMemory }
        self.raw = raw
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try set(CURLOPT_ERRORBUFFER, message)
        try setPolicy()
        try set(configuration)
        try Transfer.setCallbacks(of: self)
        let context = Unmanaged.passUnretained(self).toOpaque()
        for option in [
            CURLOPT_PRIVATE, CURLOPT_PREREQDATA, CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA,
            CURLOPT_SEEKDATA,
        ] {
            try set(option, context)
        }
    }

    deinit {
        curl_easy_cleanup(raw)
        message.deallocate()
    }

    /// The handle that libcurl passes to a callback.
    static func at(_ context: UnsafeMutableRawPointer?) -> EasyHandle? {
        context.map { Unmanaged<EasyHandle>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Lets go of what of the last transfer is large. False if the handle cannot be used again.
    func forget() -> Bool {
        headers.shrink()
        guard last.hasCopiedBody else { return true }
        last.hasCopiedBody = false
        return ccurl_set_pointer(raw, CURLOPT_POSTFIELDS, nil) == CURLE_OK
    }

    func set(_ option: CURLoption, _ value: Int) throws(FetchError) {
        try check(ccurl_set_long(raw, option, value))
    }

    /// libcurl copies the string.
    func set(_ option: CURLoption, _ value: String?) throws(FetchError) {
        if let value {
            try check(ccurl_set_string(raw, option, value))
        } else {
            try check(ccurl_set_string(raw, option, nil))
        }
    }

    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) throws(FetchError) {
        try check(ccurl_set_pointer(raw, option, value))
    }

    func set(_ option: CURLoption, _ callback: ccurl_data_callback) throws(FetchError) {
        try check(ccurl_set_data_callback(raw, option, callback))
    }

    func setSeeking(_ callback: ccurl_seek_callback) throws(FetchError) {
        try check(ccurl_set_seek_callback(raw, callback))
    }

    func setSocketCallback(_ callback: ccurl_sockopt_callback) throws(FetchError) {
        try check(ccurl_set_sockopt_callback(raw, callback))
    }

    func setBeforeSending(_ callback: ccurl_prereq_callback) throws(FetchError) {
        try check(ccurl_set_prereq_callback(raw, callback))
    }

    /// Sets the header lines of a request.
    func setHeaders(of request: FetchRequest) throws(FetchError) {
        headers.removeAll()
        for (name, value) in request.headers { try headers.append(name, value) }
        if request.signature == nil {
            // "Expect: 100-continue" would cost a round trip, or a second with a server that does not know it.
            headers.suppress("Expect")
            if request.body != nil, !request.headers.contains(where: { $0.name.isContentType }) {
                headers.suppress("Content-Type")
            }
        } else if request.headers.contains(where: { $0.value.isEmpty }) {
            // libcurl 7.88 signs such a line as it is written here, and not as it sends it. So it does with those that suppress
            // a field; a signed body of more than a megabyte therefore waits for the server's "100 Continue", as S3 advises.
            throw .invalidRequest
        }
        try check(ccurl_set_list(raw, CURLOPT_HTTPHEADER, headers.list()))
    }

    /// Sets a body that libcurl reads by calling back. Of an unknown length it is sent in chunks.
    func setBody(length: Int?) throws(FetchError) {
        try check(ccurl_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(length ?? -1)))
        try check(ccurl_set_pointer(raw, CURLOPT_POSTFIELDS, nil))
    }

    /// Sets the body. A small one is copied at once, because an array's address is valid for one call only. libcurl reads a
    /// large one by calling back.
    func set(body: [UInt8]) throws(FetchError) {
        guard body.count <= Self.copyLimit else { return try setBody(length: body.count) }
        try check(ccurl_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        if body.count <= SmallBody.limit {
            try check(ccurl_set_pointer(raw, CURLOPT_POSTFIELDS, smallBody.keep(body)))
        } else {
            last.hasCopiedBody = true
            let code = body.withUnsafeBytes { ccurl_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
            try check(code)
        }
    }

    /// The largest body in bytes that is copied.
    static let copyLimit = 64 << 10

    /// Clears the message of the last transfer, so that ``failure(_:)`` does not return it.
    func forgetMessage() { message[0] = 0 }

    func failure(_ code: CURLcode) -> String {
        message[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: message)
    }

    func long(_ info: CURLINFO) -> Int {
        var value = 0
        ccurl_get_long(raw, info, &value)
        return value
    }

    func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        ccurl_get_offset(raw, info, &value)
        return Int(value)
    }

    private func check(_ code: CURLcode) throws(FetchError) {
        switch code {
        case CURLE_OK: return
        case CURLE_OUT_OF_MEMORY: throw .outOfMemory
        case CURLE_URL_MALFORMAT: throw .invalidURL
        default: throw .curl(code: Int(code.rawValue), message: String(cString: curl_easy_strerror(code)))
        }
    }
}
