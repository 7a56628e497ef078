import Interpreter

/// Prints findings as they come, without secrets.
struct CheckReport {
    private(set) var hasFailed = false
    var redactor = SecretRedactor.none

    mutating func add(_ findings: [Finding]) {
        for finding in findings {
            if finding.verdict == .failed { hasFailed = true }
            print(redactor.redacted(finding.line))
        }
    }
}
