import E2B
import Testing

@testable import Responder

struct RefusalTests {
    @Test(arguments: [
        (E2BError.unreachable(.create, why: "refused"), 502, nil),
        (.outOfDescriptors(.create), 503, .seconds(5)),
        (.tls(.create, why: "self-signed"), 502, nil),
        (.unauthorized(.create, message: "bad key"), 502, nil),
        (.notFound(.create, message: "template 'x' not found"), 502, nil),
        (.rateLimited(.create, message: "slow down", retryAfter: .seconds(7)), 429, Duration.seconds(7)),
        (.rateLimited(.create, message: "too many sandboxes", retryAfter: nil), 429, .seconds(10)),
        (.noCapacity(.create, message: "full", retryAfter: nil), 503, .seconds(10)),
        (.noCapacity(.create, message: "full", retryAfter: .seconds(3)), 503, .seconds(3)),
        (.sandboxGone(message: "The sandbox was not found"), 502, nil),
        (.refused(.execute, status: 500, message: "oops"), 502, nil),
        (.timedOut(.create), 504, nil),
        (.broken(.execute, why: "the stream ended early"), 502, nil),
        (.shutDown, 503, .seconds(5)),
        (.cancelled, 499, nil),
    ])
    func `every error of E2B's has its status`(error: E2BError, status: Int, retryAfter: Duration?) {
        let refusal = Refusal(error)
        #expect(refusal.status == status)
        #expect(refusal.retryAfter == retryAfter)
        #expect(!refusal.sentence.isEmpty)
    }
}
