import CCurl
import CCurlShim

/// A libcurl easy handle, used for one transfer after another.
///
/// Options that are the same for all requests are set once; `prepare` sets the others, and ``forget()`` clears those
/// with pointers to or memory of the last transfer. Resetting the handle and setting everything again would take four
/// times as long.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
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
    }

    deinit {
        curl_easy_cleanup(raw)
        message.deallocate()
    }

    /// Clears everything of the last transfer. False if the handle cannot be used again.
    func forget() -> Bool {
        do throws(FetchError) {
            try point(at: nil)
            try check(ccurl_set_list(raw, CURLOPT_HTTPHEADER, nil))
            // Frees libcurl's copy of the body.
            try check(ccurl_set_pointer(raw, CURLOPT_POSTFIELDS, nil))
            return true
        } catch {
            return false
        }
    }

    /// Makes libcurl pass `transfer` to the callbacks.
    func point(at transfer: UnsafeMutableRawPointer?) throws(FetchError) {
        for option in [
            CURLOPT_PRIVATE, CURLOPT_PREREQDATA, CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA,
            CURLOPT_SEEKDATA,
        ] {
            try check(ccurl_set_pointer(raw, option, transfer))
        }
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

    func setBeforeSending(_ callback: ccurl_prereq_callback) throws(FetchError) {
        try check(ccurl_set_prereq_callback(raw, callback))
    }

    /// Sets the header lines. The caller keeps the list until the transfer has ended.
    func set(_ headers: borrowing CurlHeaderList) throws(FetchError) {
        try check(ccurl_set_list(raw, CURLOPT_HTTPHEADER, headers.raw))
    }

    /// Sets a body that libcurl reads by calling back. Of an unknown length it is sent in chunks.
    func setBody(length: Int?) throws(FetchError) {
        try check(ccurl_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(length ?? -1)))
        try check(ccurl_set_pointer(raw, CURLOPT_POSTFIELDS, nil))
    }

    /// Sets the body. libcurl copies a small one at once, because an array's address is valid for one call only. It reads
    /// a large one by calling back.
    func set(body: [UInt8]) throws(FetchError) {
        try check(ccurl_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        guard body.count <= Self.copyLimit else { return try check(ccurl_set_pointer(raw, CURLOPT_POSTFIELDS, nil)) }
        let code = body.withUnsafeBytes { bytes in
            // An empty array may have no address, and with null libcurl would call back for the body.
            bytes.isEmpty
                ? ccurl_set_string(raw, CURLOPT_COPYPOSTFIELDS, "")
                : ccurl_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
        }
        try check(code)
    }

    /// The largest body in bytes that libcurl copies.
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
