import TestSupport
import Testing

/// `POST /e2bcode` through nginx, the responder and local sandboxes.
///
/// All suites of it that need no settings of their own share one stack, one test after another: some count sandboxes.
@Suite(.sharedStack(faults: true), .serialized)
enum ActionTests {}
