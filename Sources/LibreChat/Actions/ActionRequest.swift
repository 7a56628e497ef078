package import Interpreter
import JSON

/// The body of `POST /e2bcode`: an action with its arguments.
package struct ActionRequest: Sendable {
    package let definition: ActionDefinition
    private let prepared: PreparedAction
    /// The caller's name for the session; empty if the action takes none, or the request has none.
    package let sessionID: String

    package var action: any Action { prepared.action }

    /// Reads the body.
    ///
    /// - Parameter json: the body. If the caller keeps no copy of it, a file's content is decoded in place.
    /// - Throws: ``ActionFailure``, with status 400 if the body is not a JSON object, and otherwise with status 200 and
    ///   a sentence that names the error.
    package init(json: consuming [UInt8]) throws(ActionFailure) {
        let reading = try json.withUnsafeBufferPointer { bytes throws(ActionFailure) in
            try Self.read(UnsafeRawBufferPointer(bytes))
        }
        definition = reading.definition
        sessionID = definition.parameters.contains { $0.name == Self.sessionName } ? reading.sessionID : ""
        do throws(ArgumentError) {
            prepared = try reading.make(consume json)
        } catch {
            throw ActionFailure(error, sessionID: reading.sessionID)
        }
    }

    /// - Throws: ``ActionFailure``, and what ``Action/perform(_:)`` throws.
    package func perform(_ call: ActionCall) async throws -> ActionAnswer { try await prepared.perform(call) }

    private static func read(
        _ body: UnsafeRawBufferPointer
    ) throws(ActionFailure) -> (definition: ActionDefinition, sessionID: String, make: ActionDefinition.Making) {
        let arguments: ArgumentReader
        do throws(MalformedJSON) {
            arguments = try ArgumentReader(body, names: names)
        } catch {
            throw body.foreignFormat.map { ActionFailure(notAnObject: $0) } ?? .noObject
        }
        // A failure's reply has the session's name, but not a text that cannot be one.
        let session: SessionName? = try? arguments.value(sessionName, SessionName.type)
        let sessionID = session?.text ?? ""
        do throws(ArgumentError) {
            guard let name: String = try arguments.value(actionName, .text) else {
                throw ArgumentError("`action` is required: one of \(allNames).")
            }
            guard let definition = ActionDefinition.named(name) else {
                throw ArgumentError(
                    "There is no action `\(name.prefix(100))`. The actions are \(allNames).",
                    logged: "There is no such action.")
            }
            do throws(ArgumentError) {
                return (definition, sessionID, try definition.read(arguments))
            } catch {
                throw error.missing.map { ArgumentError("\(title(of: $0)) is required for `\(name)` action.") } ?? error
            }
        } catch {
            throw ActionFailure(error, sessionID: sessionID)
        }
    }

    /// Returns the file of a `write_file` whose members before the content are all right; nil for anything else.
    ///
    /// - Parameter json: an object that has not arrived whole. Of two members with one name the first counts, so
    ///   members that follow cannot change it.
    static func fileArguments(of json: [UInt8]) -> (session: String, path: SandboxPath, isBase64: Bool)? {
        json.withUnsafeBufferPointer { json in
            guard let arguments = try? ArgumentReader(UnsafeRawBufferPointer(json), names: names),
                let name: String = try? arguments.value(actionName, .text),
                ActionDefinition.named(name)?.name == ActionDefinition.writeFile.name,
                let session = try? Parameter<SessionName>.sessionID.read(arguments),
                let path = try? Parameter<SandboxPath>.filePath.read(arguments),
                arguments.has(Parameter<String>.encoding.name)
            else { return nil }
            do throws(ArgumentError) {
                return (session.text, path, try Parameter<String>.encoding.read(arguments) == "base64")
            } catch {
                return nil
            }
        }
    }

    /// The parameter's name at the start of a sentence.
    private static func title(of parameter: String) -> String { parameter == "code" ? "Code" : "`\(parameter)`" }

    static let actionName = "action"
    static let sessionName = Parameter<SessionName>.sessionID.name
    private static let allNames = ActionDefinition.all.map(\.name).joined(separator: ", ")
    private static let names = Set(
        ActionDefinition.all.flatMap(\.parameters).flatMap { [$0.name, $0.alias].compactMap(\.self) } + [actionName])
}

extension ActionFailure {
    static let noObject = ActionFailure(
        notAnObject: "The body must be a JSON object with `action` and its parameters.")

    fileprivate init(notAnObject sentence: String) {
        self.init(sentence)
        status = 400
    }

    init(_ error: ArgumentError, sessionID: String) {
        self.init(error.sentence, logged: error.logged, sessionID: sessionID)
    }
}
