import Store
import System

extension Refusal {
    /// Makes the refusal for an error of the store. No other code maps the store's errors to statuses.
    init(_ error: StoreError) {
        let sentence = "\(error)"
        switch error {
        case .notFound: self.init(status: 404, sentence)
        case .tooLarge, .overBudget: self.init(status: 413, sentence)
        case .detailsTooLong: self.init(badRequest: sentence)
        case .conflict: self.init(status: 409, sentence)
        case .full, .unwritable: self.init(status: 507, sentence)
        case .busy(let retryAfter): self.init(status: 503, sentence, retryAfter: retryAfter ?? .seconds(5))
        case .denied, .unreachable: self.init(status: 502, sentence)
        case .broken, .failed: self.init(status: 500, sentence)
        case .cancelled: self = .cancelled
        }
        logged = error.reason.map { "\(sentence) \($0)" }
    }

    static let withoutStore = Refusal(
        status: 404, "This service keeps no files: the operator has to choose a folder (E2B_FCGI_STORE).")
}
