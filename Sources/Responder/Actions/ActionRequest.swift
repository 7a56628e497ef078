/// The body of `POST /e2bcode`, read by the table of actions.
struct ActionRequest {
    let action: Action
    private(set) var arguments: Arguments

    /// - Throws: ``ActionFailure``: a 400 for what is not a JSON object; else a 200 that names what is wrong.
    ///
    /// - Parameter json: a file's content stays in it, and is not copied if nobody else has it.
    init(json: consuming [UInt8]) throws(ActionFailure) {
        self = try json.withUnsafeBufferPointer { bytes throws(ActionFailure) in
            try ActionRequest(ArgumentReader(UnsafeRawBufferPointer(bytes)))
        }
        guard let place = arguments.fileContentPlace else { return }
        arguments.fileContentPlace = nil
        arguments.fileContent = FileContent(place, in: consume json, isBase64: arguments.encoding == "base64")
    }

    private init(_ reader: borrowing ArgumentReader) throws(ActionFailure) {
        let sessionID = reader.sessionID
        guard let name: String = try reader.value(ArgumentReader.action, .text) else {
            throw ActionFailure("`action` is required: one of \(Self.names).", sessionID: sessionID)
        }
        guard let action = Action.named(name) else {
            throw ActionFailure(
                "There is no action `\(name.prefix(100))`. The actions are \(Self.names).",
                logged: "There is no such action.", sessionID: sessionID)
        }
        var arguments = Arguments()
        for parameter in action.required where try !parameter.read(reader, &arguments) {
            throw ActionFailure(
                "\(parameter.title) is required for `\(action.name)` action.", sessionID: sessionID)
        }
        for parameter in action.optional { _ = try parameter.read(reader, &arguments) }
        if let id = arguments.sessionID, !id.isSessionID {
            throw ActionFailure("`sessionId` must be 1 to 128 printable characters.")
        }
        self.action = action
        self.arguments = arguments
    }

    private static let names = Action.all.map(\.name).joined(separator: ", ")
}

extension Parameter {
    /// At the start of a sentence.
    fileprivate var title: String { name == Parameter.code.name ? "Code" : "`\(name)`" }
}

extension String {
    var isSessionID: Bool {
        utf8.count <= 1024 && (1...128).contains(count)
            && unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
                default: true
                }
            }
    }
}
