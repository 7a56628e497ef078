package import Store

/// Why an upload fails as a whole.
package enum UploadError: Error, Equatable, Sendable {
    case refused(CodeAPIFailure)
    case store(StoreError)
}
