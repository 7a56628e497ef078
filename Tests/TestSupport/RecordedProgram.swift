import Foundation

/// A request that the real code interpreter was asked, and what it answered. All of them, in order, shared one sandbox.
package struct RecordedProgram: Sendable {
    package enum Answer: Sendable {
        /// The whole stream of a 200.
        case stream([UInt8])
        case refusal(status: Int, body: String)
    }

    package let name: String
    /// The body of `POST /execute`.
    package let request: [UInt8]
    package let answer: Answer

    package static var all: [RecordedProgram] {
        get throws {
            let file = Bundle.module.bundleURL.appending(path: "Programs.json")
            let programs = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [[String: Any]] ?? []
            return try programs.map(RecordedProgram.init)
        }
    }

    private init(_ fields: [String: Any]) throws {
        let name = fields["name"] as? String ?? ""
        var request = fields["request"] as? [String: Any] ?? [:]
        if let code = fields["code"] { request["code"] = code }
        self.name = name
        self.request = [UInt8](try JSONSerialization.data(withJSONObject: request))
        if let status = fields["status"] as? Int, let body = fields["body"] as? String {
            answer = .refusal(status: status, body: body)
        } else {
            answer = .stream(try Recording.bytes(name))
        }
    }
}
