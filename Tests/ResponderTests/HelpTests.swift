import E2B
import FastCGI
import Foundation
import ImageGate
import Interpreter
import JSON
import LibreChat
import Testing

@testable import Responder

/// What `help` says is what the table of actions takes.
struct HelpTests {
    /// The answer to a request that needs no E2B.
    private func answer(_ json: String) async throws -> [String: Any] {
        let configuration = try Configuration(
            environment: ["E2B_API_KEY": "e2b_0", "E2B_API_URL": "http://127.0.0.1:9"])
        let client = try E2BClient(configuration.e2b)
        let gate = try ImageGate(policy: configuration.imagePolicy, threads: 1, decoding: .inProcess)
        let services = ActionServices(
            client: client, lifecycle: SandboxLifecycle(client: client, creationLimit: 1) { _ in },
            runner: CodeRunner(client: client, gate: gate, limits: configuration.limits, secrets: .none),
            limits: configuration.limits, template: configuration.template, variables: [:], secrets: .none)
        let endpoint = ActionEndpoint(services: services, configuration: configuration, secrets: .none)
        var request = FastCGIRequest(params: [:], stdin: .success(Array(json.utf8)))
        guard
            case .running(let work, _, _, _, _) = try await endpoint.accept(
                &request, from: "me", holding: configuration.limits.memory.reservation(for: "me"))
        else {
            Issue.record("it was not accepted")
            return [:]
        }
        let answer = await work("0123456789abcdef", Deadline(configuration.limits.time.answer))
        await client.stop()
        #expect(answer.status == 200)
        #expect(answer.outcome.action == "help")
        return try #require(JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    private func help(_ action: ActionDefinition) async throws -> String {
        let answer = try await answer(#"{"action":"help","command_name":"\#(action.name)"}"#)
        #expect(answer["success"] as? Bool == true)
        return try #require(answer["message"] as? String)
    }

    @Test func `help alone lists every action with its purpose`() async throws {
        let message = try #require(try await answer(#"{"action":"help"}"#)["message"] as? String)
        for action in ActionDefinition.all { #expect(message.contains("\n\(action.name): \(action.purpose)")) }
    }

    @Test(arguments: ActionDefinition.all) func `help on an action names all that it takes`(action: ActionDefinition)
        async throws
    {
        let lines = try await help(action).split(separator: "\n")
        #expect(lines.first == "\(action.name): \(action.purpose)")
        for parameter in action.parameters {
            let line = try #require(lines.first { $0.hasPrefix("- `\(parameter.name)`") }, "\(parameter.name)")
            #expect(line.contains(parameter.type.expectation))
            #expect(line.contains(parameter.meaning))
            if let alias = parameter.alias { #expect(line.contains("(or `\(alias)`)")) }
            #expect(line.hasSuffix(" Required.") == parameter.isRequired)
        }
        #expect(lines.count == 2 + action.parameters.count)
    }

    @Test(arguments: ActionDefinition.all) func `the example that help gives can be sent`(action: ActionDefinition)
        async throws
    {
        let line = try #require(try await help(action).split(separator: "\n").last)
        #expect(line.hasPrefix("Example: "))
        let request = try ActionRequest(json: Array(line.dropFirst("Example: ".count).utf8))
        #expect(request.definition.name == action.name)
    }

    @Test func `help on what is no action lists them all`() async throws {
        let answer = try await answer(#"{"action":"help","command_name":"nonsense","sessionId":"s"}"#)
        #expect(answer["success"] as? Bool == false)
        let error = try #require(answer["error"] as? String)
        #expect(error.contains("`nonsense`"))
        for action in ActionDefinition.all { #expect(error.contains("\n\(action.name): ")) }
    }

    @Test func `actions and their parameters have each one name`() {
        #expect(Set(ActionDefinition.all.map(\.name)).count == ActionDefinition.all.count)
        for action in ActionDefinition.all {
            let names = action.parameters.flatMap { [$0.name, $0.alias].compactMap(\.self) }
            #expect(Set(names).count == names.count, "\(action.name)")
            #expect(!names.contains("action"))
            #expect(ActionDefinition.named(action.name)?.name == action.name)
        }
    }
}
