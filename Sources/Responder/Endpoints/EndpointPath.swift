/// The paths of the endpoints. No other file contains a path.
package enum EndpointPath {
    package static let execute = "/execute"
    package static let actions = "/e2bcode"
    package static let mcp = "/mcp"
    package static let health = "/health"
    package static let sharedFile = "/f/{token}/{name}"
    package static let openAPI = "/openapi.json"
}
