/// The paths of the endpoints. No other file contains a path.
package enum EndpointPath {
    /// The page for people.
    package static let page = "/"
    package static let execute = "/execute"
    package static let actions = "/e2bcode"
    package static let mcp = "/mcp"
    package static let health = "/health"
    package static let metrics = "/metrics"
    package static let status = "/status"
    /// What the token and the name of a shared file follow.
    package static let sharedFiles = "/f"
    package static let sharedFile = sharedFiles + "/{token}/{name}"
    package static let exec = "/v1/exec"
    package static let programmatic = "/v1/exec/programmatic"
    package static let cancelProgrammatic = "/v1/exec/programmatic/cancel"
    package static let upload = "/v1/upload"
    package static let uploadBatch = "/v1/upload/batch"
    package static let download = "/v1/download/{session}/{file}"
    package static let fileObject = "/v1/sessions/{session}/objects/{file}"
    package static let sessionFiles = "/v1/files/{session}"
    package static let sessionFile = "/v1/files/{session}/{file}"
    package static let codeAPIHealth = "/v1/health"
    package static let openAPI = "/openapi.json"
}
