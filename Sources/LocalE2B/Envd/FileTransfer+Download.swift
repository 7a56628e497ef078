internal import FlyingFox
internal import Foundation
internal import Synchronization

extension FileTransfer {
    private struct Found: Decodable {
        var size: Int
        var modified: Double?
        var path: String?
    }

    func download(_ query: Query) async throws -> HTTPResponse {
        let path = query["path"] ?? ""
        let download: Download
        let found: Found
        do throws(AgentCallError) {
            let opened: (id: Int, mailbox: Mailbox)
            do throws(Mailbox.ClosedError) {
                opened = try await sandbox.agent.open(Operation.ReadFile(path: path, user: query["username"]))
            } catch {
                throw .gone
            }
            download = Download(agent: sandbox.agent, id: opened.id, mailbox: opened.mailbox)
            let json = try await sandbox.agent.result(in: opened.mailbox)
            guard let decoded = try? JSONDecoder().decode(Found.self, from: Data(json)), decoded.size >= 0 else {
                throw .gone
            }
            found = decoded
        } catch {
            throw refusal(error)
        }
        let name = (found.path ?? path).split(separator: "/").last.map(String.init) ?? "file"
        let headers: HTTPHeaders = [
            .contentType: ContentType.of(name), .contentDisposition: "inline; filename=\(Self.quoted(name))",
            HTTPHeader("Vary"): "Accept-Encoding",
        ]
        guard found.size > 0 else { return HTTPResponse(statusCode: .ok, headers: headers) }
        download.expect(found.size)
        return HTTPResponse(
            statusCode: .ok, headers: headers,
            body: HTTPBodySequence(from: PulledBody(source: download.source), count: found.size))
    }

    /// Quotes a file name for a header, since it may contain any characters.
    private static func quoted(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"\\;,()<>@:/[]?={}".utf8.contains($0) }
        if isPlain { return name }
        return "\""
            + name.printable.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            + "\""
    }
}

/// Sends a file to the client: exactly as many bytes as its header has promised.
private final class Download: Sendable {
    private let agent: Agent
    private let id: Int
    private let mailbox: Mailbox
    private let left = Mutex(0)

    init(agent: Agent, id: Int, mailbox: Mailbox) {
        self.agent = agent
        self.id = id
        self.mailbox = mailbox
    }

    deinit {
        agent.forget(id)
        if left.withLock({ $0 > 0 }) { agent.notify(Operation.Cancel(target: id)) }
    }

    func expect(_ size: Int) {
        left.withLock { $0 = size }
    }

    var source: BodySource {
        BodySource(pull: { [self] in try await next() }, finish: {})
    }

    private func next() async throws -> [UInt8]? {
        while left.withLock({ $0 > 0 }) {
            switch try await mailbox.next() {
            case .content(.data(let data)) where !data.isEmpty:
                // The file can grow while it is read.
                return left.withLock { left in
                    let piece = Array(data.prefix(left))
                    left -= piece.count
                    return piece
                }
            // The file has shrunk. Only closing the connection early can tell the client.
            case .content(.end), .content(.failure): throw ExecutionStream.AbortError.sandboxGone
            case .content, .silence: continue
            }
        }
        return nil
    }
}
