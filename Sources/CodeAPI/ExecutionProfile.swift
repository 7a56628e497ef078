import JSON

/// The kind of sandbox that a caller of `/v1` expects: a fresh one for each run, or one that a conversation keeps.
///
/// LibreChat has a base URL for each of them, and asks with each request whether it has reached the right one. Here both
/// are served at one URL, so that any expectation is met that is one of the two.
package enum ExecutionProfile: String, Sendable {
    case standard = "default"
    case stateful

    package static let expectationHeader = "X-CodeAPI-Expected-Profile"
    package static let answerHeader = "X-CodeAPI-Execution-Profile"

    /// Reads the expectation.
    ///
    /// - Parameter header: the value of ``expectationHeader``; nil if it was not sent.
    /// - Throws: status 400 if the header is there twice, which a web server shows as a comma or as the first value only; 409
    ///   for a profile that there is not.
    package init(expectation header: String?) throws(CodeAPIFailure) {
        guard let header, !header.isEmpty else {
            self = .standard
            return
        }
        guard header.utf8.count <= 40, header.utf8.allSatisfy(Self.isNameByte) else {
            throw CodeAPIFailure(
                status: 400, code: "invalid_execution_profile",
                "\(Self.expectationHeader) must be one word, and there once.")
        }
        guard let profile = Self(rawValue: header.lowercased()) else {
            var failure = CodeAPIFailure(
                status: 409, code: "execution_profile_mismatch",
                "There is no execution profile \(header) here. There are default and stateful.")
            failure.details = [
                .init("expected_profile", .text(header)), .init("actual_profile", .text(Self.standard.rawValue)),
            ]
            throw failure
        }
        self = profile
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
