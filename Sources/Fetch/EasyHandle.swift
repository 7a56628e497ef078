import CCurl
import CCurlShim

/// A libcurl easy handle, used for one transfer after another.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    private let message: UnsafeMutablePointer<CChar>

    init() throws(FetchError) {
        guard let raw = curl_easy_init() else { throw .outOfMemory }
        self.raw = raw
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(raw)
        message.deallocate()
    }

    /// Forgets every option, and with them the pointers to the last transfer.
    func reset() { curl_easy_reset(raw) }

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

    func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) throws(FetchError) {
        try check(ccurl_set_pointer(raw, option, value))
    }

    func set(_ option: CURLoption, _ callback: ccurl_data_callback) throws(FetchError) {
        try check(ccurl_set_data_callback(raw, option, callback))
    }

    func setBeforeSending(_ callback: ccurl_prereq_callback) throws(FetchError) {
        try check(ccurl_set_prereq_callback(raw, callback))
    }

    /// The list is the caller's, and has to live until the transfer has ended.
    func set(_ headers: borrowing HeaderList) throws(FetchError) {
        try check(ccurl_set_list(raw, CURLOPT_HTTPHEADER, headers.raw))
    }

    /// libcurl takes a copy: an array's address holds for a call only.
    func set(body: [UInt8]) throws(FetchError) {
        try check(ccurl_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        let code = body.withUnsafeBytes { bytes in
            // Without a byte there may be no address, and null would mean: call me for the body.
            bytes.isEmpty
                ? ccurl_set_string(raw, CURLOPT_COPYPOSTFIELDS, "")
                : ccurl_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
        }
        try check(code)
    }

    /// Where ``failure`` finds libcurl's words.
    func keepMessage() throws(FetchError) {
        message[0] = 0
        try check(ccurl_set_pointer(raw, CURLOPT_ERRORBUFFER, message))
    }

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
