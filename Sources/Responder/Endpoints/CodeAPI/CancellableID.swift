import CodeAPI

/// The id by which a caller of `/v1/exec/programmatic` cancels a request.
struct CancellableID: Equatable, Sendable {
    static let header = "X-LibreChat-Code-Request-ID"

    let text: String

    /// - Throws: status 400 for what no id may be.
    init(_ text: String?) throws(CodeAPIFailure) {
        guard let text, (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw CodeAPIFailure(status: 400, "A request's id has 1 to 128 characters of ASCII without spaces.")
        }
        self.text = text
    }

    /// What its owner knows the run by.
    func key(service: String, _ owner: String) -> RunKey { RunKey(service: service, owner, nil, id: "v1 \(text)") }

    /// What tells others that there is such a run, and that it is not theirs.
    func keyOfAll(service: String) -> RunKey { RunKey(service: service, "", nil, id: "v1 of all \(text)") }
}
