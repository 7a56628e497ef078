/// Where the endpoints are. No other file knows.
package enum EndpointPath {
    package static let execute = "/execute"
    package static let actions = "/e2bcode"
    package static let health = "/health"
    package static let openAPI = "/openapi.json"
}
