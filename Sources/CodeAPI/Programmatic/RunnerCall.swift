package import JSON

/// A call that a program has made and that has no result yet, as the runner reports it.
package struct RunnerCall: Equatable, Sendable {
    let key: String
    package let name: String
    package let input: JSONNode

    /// Reads the runner's report.
    ///
    /// - Returns: nil if it is none.
    package static func list(_ report: [UInt8]) -> [RunnerCall]? {
        report.withUnsafeBytes { bytes in
            do throws(MalformedJSON) {
                let calls = try JSONScanner.value(of: bytes).list { json throws(MalformedJSON) -> RunnerCall? in
                    guard let key = try json.member("key")?.string, let name = try json.member("name")?.string,
                        let input = try json.member("input")
                    else { return nil }
                    return RunnerCall(key: key, name: name, input: try JSONNode(input))
                }
                return calls.isEmpty ? nil : calls
            } catch {
                return nil
            }
        }
    }
}

extension JSONNode {
    /// A value that was read.
    fileprivate init(_ json: JSONValue) throws(MalformedJSON) {
        switch json.kind {
        case .null: self = .null
        case .true: self = .flag(true)
        case .false: self = .flag(false)
        case .number: self = WholeNumber(json: json).map { .numeral($0) } ?? .fraction(json.double ?? 0)
        case .plainString, .escapedString: self = .text(json.string ?? "")
        case .array: self = .list(try json.list { element throws(MalformedJSON) in try JSONNode(element) })
        case .object:
            var members: [Member] = []
            try json.members { key, value in
                if let value = try? JSONNode(value) { members.append(Member(key.string ?? "", value)) }
            }
            self = .object(members)
        }
    }
}
