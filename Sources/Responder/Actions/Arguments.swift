/// The parameters of an action as they came, checked for their types. nil: not there.
struct Arguments: Equatable, Sendable {
    var sessionID: String?
    var sandboxID: String?
    var timeout: Double?
    var envs: [String: String]?
    var template: String?
    var code: String?
    var language: String?
    var timeoutMs: Int?
    var format: String?
    var command: String?
    var background: Bool?
    var cwd: String?
    var user: String?
    var commandID: String?
    var pid: Int?
    var filePath: String?
    var fileContent: FileContent?
    /// Of `fileContent` in the request's body.
    var fileContentPlace: FileContent.Place?
    var encoding: String?
    var packages: [String]?
    var expiresIn: Double?
    var port: Int?
    var logFile: String?
    var commandName: String?
}
