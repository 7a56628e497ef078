internal import FlyingFox

/// An error response. Handlers throw it, and the router sends it.
struct HTTPError: Error {
    let response: HTTPResponse

    /// The common error body of the control API and of envd's REST part.
    struct Body: Encodable {
        let code: Int
        let message: String
    }

    static func api(_ status: Int, _ message: String, headers: HTTPHeaders = [:]) -> HTTPError {
        HTTPError(encoding: Body(code: status, message: message), status: status, headers: headers)
    }

    static func plain(_ status: Int, _ text: String) -> HTTPError {
        HTTPError(response: .plain(text, status: status))
    }

    static func detail(_ status: Int, _ text: String) -> HTTPError {
        HTTPError(encoding: ["detail": text], status: status)
    }

    /// The response of E2B's edge if there is no such sandbox.
    static func sandboxGone(_ id: String) -> HTTPError {
        struct Body: Encodable {
            let sandboxId: String
            let message = "The sandbox was not found"
            let code = 502
        }
        return HTTPError(encoding: Body(sandboxId: id), status: 502)
    }

    static func portClosed(_ id: String, _ port: Int) -> HTTPError {
        struct Body: Encodable {
            let sandboxId: String
            let message = "The sandbox is running but port is not open"
            let port: Int
            let code = 502
        }
        return HTTPError(encoding: Body(sandboxId: id, port: port), status: 502)
    }

    static func tooManyConnections(_ id: String, limit: Int) -> HTTPError {
        struct Body: Encodable {
            let sandboxId: String
            let message: String
            let code = 429
            let connectionLimit: Int
        }
        let message = "The sandbox has too many concurrent incoming connections (limit: \(limit))"
        return HTTPError(encoding: Body(sandboxId: id, message: message, connectionLimit: limit), status: 429)
    }

    static func rpc(_ error: ConnectError) -> HTTPError {
        HTTPError(encoding: error, status: error.code.status)
    }

    init(response: HTTPResponse) {
        self.response = response
    }

    init(encoding body: some Encodable, status: Int, headers: HTTPHeaders = [:]) {
        do {
            response = try .json(body, status: status, headers: headers)
        } catch {
            response = HTTPResponse(statusCode: .internalServerError)
        }
    }
}
