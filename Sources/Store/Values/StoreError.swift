/// Why the store cannot do what it is asked.
package enum StoreError: Error, Equatable, Sendable {
    /// There is no such file or log, or it is another owner's, or it is gone.
    case notFound
    /// The file has more bytes than the caller allows.
    case tooLarge(limit: Int)
    /// The file does not fit into its owner's share, or into the whole store.
    case overBudget(limit: Int)
    /// The disk has no more room.
    case full
    /// The details of the file, above all its name, are too long.
    case detailsTooLong
    /// The directory cannot be written to, such as one that is read-only.
    case unwritable(reason: String)
    /// The bytes that are kept are not the whole file.
    case broken
    /// There is an entry of the log at this place already.
    case conflict
    /// A service that keeps the files does not take the credentials.
    case denied(reason: String)
    /// A service that keeps the files asks for a pause.
    case busy(retryAfter: Duration?)
    /// A service that keeps the files does not answer, or fails.
    case unreachable(reason: String)
    /// A call of the system failed in another way.
    case failed(call: String, reason: String)
    case cancelled
}

extension StoreError: CustomStringConvertible {
    /// A sentence for people, which tells no path.
    package var description: String {
        switch self {
        case .notFound: "There is no such file. It may have been deleted, or not been used for too long."
        case .tooLarge(let limit): "The file is larger than \(limit) bytes."
        case .overBudget(let limit): "The file does not fit into the \(limit) bytes that may be kept."
        case .full: "The file could not be kept: the disk is full."
        case .detailsTooLong: "The name of the file is too long."
        case .unwritable: "The file could not be kept: the store cannot be written to."
        case .broken: "The file is damaged."
        case .conflict: "Another request was faster."
        case .denied: "The store refuses this service."
        case .busy: "The store is busy."
        case .unreachable: "The store cannot be reached."
        case .failed: "The store failed."
        case .cancelled: "The request was cancelled."
        }
    }

    /// What the operator needs to know beyond ``description``.
    package var reason: String? {
        switch self {
        case .unwritable(let reason), .denied(let reason), .unreachable(let reason): reason
        case .failed(let call, let reason): "\(call): \(reason)"
        default: nil
        }
    }
}
