import TestSupport
import Testing

/// `POST /e2bcode` through nginx, the responder and local sandboxes.
///
/// All suites of it that need no settings of their own share one stack, one test after another: some count sandboxes.
// Links to files are E2B's own without a store.
@Suite(.sharedStack(environment: ["E2B_FCGI_STORE": "off"], faults: true), .serialized)
enum ActionTests {}
