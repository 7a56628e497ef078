import Foundation
import TestSupport
import Testing

@testable import LocalE2B

/// The programs behind the recordings of the real code interpreter, run here in the same order, answer the same.
@Suite(.timeLimit(.minutes(5)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct RecordingTests {
    private struct Program: Decodable {
        var name: String
        var code: String?
        var request: [String: JSON]
        var recorded: String?
        var status: Int?
        var body: String?
    }

    @Test func `the answers are the recorded ones`() async throws {
        var configuration = LocalE2BConfiguration()
        configuration.port = 0
        let server = try await LocalE2BServer.start(configuration)
        let stub = StubServer(server: server, http: RawHTTP(port: server.port))
        let id = try await stub.create(#"{"templateID":"code-interpreter-v1","timeout":600}"#)
        let programs = try JSONDecoder().decode([Program].self, from: Data(try Recording.programs))
        #expect(programs.count > 60)
        for program in programs {
            var request = program.request
            request["code"] = program.code.map(JSON.string) ?? request["code"]
            let body = try JSONEncoder().encode(request)
            let answer = await stub.http.send("POST", "/execute", stub.interpreter(id), body: [UInt8](body))
            if let status = program.status {
                #expect(answer.status == status, "\(program.name)")
                #expect(Self.value(answer.body) == Self.value(program.body ?? ""), "\(program.name)")
            } else {
                let recorded = String(decoding: try Recording.bytes(program.name), as: UTF8.self)
                #expect(answer.isWhole, "\(program.name)")
                #expect(try Self.essence(answer.body) == Self.essence(recorded), "\(program.name)")
            }
        }
        await server.stop()
    }

    /// JSON by value, anything else by its text.
    private static func value(_ text: String) -> JSON {
        (try? JSONDecoder().decode(JSON.self, from: Data(text.utf8))) ?? .string(text)
    }

    /// The lines without what differs from machine to machine and from version to version.
    private static func essence(_ stream: String) throws -> [[String: JSON]] {
        var essence: [[String: JSON]] = []
        for line in stream.split(separator: "\n") {
            var fields = try JSONDecoder().decode([String: JSON].self, from: Data(line.utf8))
            // Counts run through all recordings, some of which were made in another kernel. A kernel that dies at once
            // may or may not have counted before.
            if fields["type"] == .string("number_of_executions") { continue }
            // The chart and data formats need the template's own library.
            for name in ["timestamp", "chart", "data"] { fields[name] = nil }
            for name in ["png", "jpeg", "pdf"] { fields[name] = fields[name].map { start(of: $0, 8) } }
            fields["svg"] = fields["svg"].map { start(of: $0, 150) }
            for name in ["text", "html", "traceback"] {
                if case .string(let text) = fields[name] { fields[name] = .string(masked(text)) }
            }
            // How a stream is cut into pieces is chance.
            if let last = essence.last, last["type"] == fields["type"], case .string(let text) = fields["text"],
                case .string(let before) = last["text"], fields["type"] != .string("result")
            {
                essence[essence.count - 1]["text"] = .string(before + text)
                continue
            }
            essence.append(fields)
        }
        return essence
    }

    private static func start(of value: JSON, _ count: Int) -> JSON {
        guard case .string(let text) = value, text.count > count else { return value }
        return .string(String(text.prefix(count)))
    }

    private static func masked(_ text: String) -> String {
        text.replacing(/0x[0-9a-f]+/, with: "0x")
            .replacing(/Cell In\[\d+\]/, with: "Cell In[]")
            .replacing(/ipykernel_\d+/, with: "ipykernel")
            .replacing(/pip \d.*\)/, with: "pip")
            // Frames inside the kernel's own source.
            .replacing(/File \/usr\/(?s).*\n(?=\w+Error: )/, with: "File\n")
    }
}
