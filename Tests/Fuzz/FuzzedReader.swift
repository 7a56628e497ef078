import ImageGate

/// A reader of bytes that strangers choose, by the name under which it is fuzzed.
///
/// Not only crashes are found: each reader is asked for what must hold whatever the bytes are. The same checks are run on
/// `Findings/<name>/`, the inputs that once broke something, by the ordinary tests.
enum FuzzedReader: String, CaseIterable, Sendable {
    /// Images as the gate sees them; `image` is whatever it looks like.
    case png, jpeg, svg, image
    /// What the sandbox sends: the stream of an execution, and the base64 in it.
    case execution, base64
    /// JSON and base64 that arrive in pieces.
    case pieces
    /// What the web server and its clients send.
    case fastcgi, execute, exec, action, mcp, form
    /// What the operator writes.
    case templates

    /// - Throws: ``Violation``, or traps, when the reader does what it never may.
    func check(_ bytes: [UInt8]) throws(Violation) {
        switch self {
        case .png: try Images.checkPNG(bytes)
        case .jpeg: try Images.check(bytes, .jpeg)
        case .svg: try Images.checkSVG(bytes)
        case .image: if let type = ImageType.sniff(bytes) { try Images.check(bytes, type) }
        case .execution: try Executions.check(bytes)
        case .base64: try Base64Texts.check(bytes)
        case .pieces: try Pieces.check(bytes)
        case .fastcgi: try Requests.checkFastCGI(bytes)
        case .execute: try Requests.checkExecute(bytes)
        case .exec: try Requests.checkExec(bytes)
        case .action: try Requests.checkAction(bytes)
        case .mcp: try MCPBodies.check(bytes)
        case .form: try Forms.check(bytes)
        case .templates: try Requests.checkTemplates(bytes)
        }
    }
}

/// What does not hold, in words.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(what()) }
}
