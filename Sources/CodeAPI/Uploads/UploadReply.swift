import JSON
package import Store

/// The answer to an upload. LibreChat reads `message`, takes anything but `success` for a failure, and needs both spellings of
/// the session.
package struct UploadReply: Equatable, Sendable {
    package enum File: Equatable, Sendable {
        case stored(FileID, name: String)
        case failed(name: String, String)
    }

    package let session: StoreSessionID
    package let isBatch: Bool
    package let files: [File]

    package var failedCount: Int {
        files.count { file in
            if case .failed = file { true } else { false }
        }
    }

    /// 400 if nothing was kept.
    package var status: Int { failedCount == files.count ? 400 : 200 }

    package func encoded() -> [UInt8] {
        var json = JSONWriter(capacity: 256 + 100 * files.count)
        let failed = failedCount
        json.member("message", failed == 0 ? "success" : failed < files.count ? "partial_success" : "error")
        json.member("storage_session_id", session.text)
        json.member("session_id", session.text)
        json.array("files") { json in
            for file in files {
                json.object { json in
                    switch file {
                    case .stored(let id, let name):
                        if isBatch { json.member("status", "success") }
                        json.member("fileId", id.text)
                        json.member("filename", name)
                    case .failed(let name, let error):
                        json.member("status", "error")
                        json.member("filename", name)
                        json.member("error", error)
                    }
                }
            }
        }
        if isBatch {
            json.member("succeeded", files.count - failed)
            json.member("failed", failed)
        }
        return json.finish()
    }
}
