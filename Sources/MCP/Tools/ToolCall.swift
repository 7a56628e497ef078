package import Interpreter
import JSON

/// A call of a tool, with its arguments read.
package struct ToolCall: Sendable {
    package let tool: String
    /// The id by which a notification may cancel the call; nil if none can.
    package var id: RequestID?
    /// The session that the model names; nil if it names none.
    package let session: String?
    /// The function that makes the tool; an error if the arguments do not fit.
    let making: Result<ToolDefinition.Making, ArgumentError>

    /// - Throws: `.invalidParams` if there is no tool of that name. Arguments that do not fit are no error of the
    ///   protocol, because the model has to read about them in the tool's result.
    init(_ params: JSONValue?, _ tools: ToolTable) throws(RPCError) {
        guard let name = params?.first("name")?.exactString else {
            throw RPCError(.invalidParams, "`params.name` must be the name of a tool.")
        }
        guard let definition = tools.definition(name) else {
            throw RPCError(
                .invalidParams, "There is no tool \(name.prefix(100)): call one of those that tools/list names.")
        }
        tool = name
        do throws(ArgumentError) {
            let read = try Self.read(params?.first("arguments"), definition)
            session = read.session
            making = .success(read.make)
        } catch {
            session = nil
            making = .failure(error)
        }
    }

    private static func read(
        _ arguments: JSONValue?, _ definition: ToolDefinition
    ) throws(ArgumentError) -> (session: String?, make: ToolDefinition.Making) {
        guard arguments == nil || arguments?.kind == .object || arguments?.kind == .null else {
            throw ArgumentError("`arguments` must be an object.")
        }
        let reader = ArgumentReader(arguments, names: definition.names, isLenient: true)
        // A number could be read as a name, but the tool's schema demands a string.
        guard arguments?.first("session")?.kind != .number else { throw ArgumentError("`session` must be a string.") }
        let session: SessionName? = try reader.value("session", SessionName.type, isOptional: true)
        do throws(ArgumentError) {
            return (session?.text, try definition.read(reader))
        } catch {
            guard let parameter = definition.parameters.first(where: { $0.name == error.missing }) else { throw error }
            throw ArgumentError(
                "`\(parameter.name)` is missing: provide \(parameter.type.expectation). \(parameter.meaning)")
        }
    }

    /// - Parameter session: the session, which is ``session`` or the conversation; empty for a sandbox of the call's
    ///   own.
    /// - Throws: `ArgumentError`, and what ``Action/perform(_:)`` throws.
    package func perform(_ call: ActionCall, session: String) async throws -> ToolResult {
        let tool = try making.get()(session)
        var result = try await tool.perform(call)
        if session.isEmpty, tool.isForLaterCalls, !result.isError {
            result.text = [result.text, Self.endOfSandbox].paragraphs
        }
        return result
    }

    private static let endOfSandbox =
        "No `session` was named, so this call had a sandbox of its own, which has ended with it. Name a `session` to work on "
        + "in one sandbox."
}

/// An action with its arguments, and the function that describes its result to the model.
struct PreparedTool: Sendable {
    private let run: @Sendable (ActionCall) async throws -> ToolResult
    /// Whether the call is only useful for later calls, which have to reach the same sandbox.
    let isForLaterCalls: Bool

    init<Prepared: Action>(
        _ action: Prepared, isForLaterCalls: Bool = false,
        result: @escaping @Sendable (Prepared.ActionResult) async throws -> ToolResult
    ) {
        self.isForLaterCalls = isForLaterCalls
        run = { call in try await result(try await action.perform(call)) }
    }

    func perform(_ call: ActionCall) async throws -> ToolResult { try await run(call) }
}
