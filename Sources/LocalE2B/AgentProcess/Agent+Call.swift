/// Requests that have a single answer.
extension Agent {
    /// Sends a request, and returns the JSON of its answer.
    func call(_ operation: some AgentOperation) async throws(AgentCallError) -> [UInt8] {
        do {
            let (id, mailbox) = try await open(operation)
            defer { forget(id) }
            return try await result(in: mailbox)
        } catch let error as AgentCallError {
            throw error
        } catch {
            throw .gone
        }
    }

    /// Waits for the next `result` of a request, or its failure.
    func result(in mailbox: Mailbox) async throws(AgentCallError) -> [UInt8] {
        while true {
            do {
                switch try await mailbox.next() {
                case .content(.result(let json)): return json
                case .content(.failure(let failure)): throw AgentCallError.refused(failure)
                case .content(.end): return Array("null".utf8)
                case .content, .silence: continue
                }
            } catch let error as AgentCallError {
                throw error
            } catch {
                throw .gone
            }
        }
    }

    /// Like `call`, with errors of the Connect protocol.
    func unary(_ operation: some AgentOperation) async throws(ConnectError) -> [UInt8] {
        do throws(AgentCallError) {
            return try await call(operation)
        } catch {
            throw ConnectError(error)
        }
    }
}

enum AgentCallError: Error, Equatable, Sendable {
    case refused(AgentError)
    /// The sandbox ended before it answered.
    case gone
}
