import FoundationEssentials
import Interpreter
import JSON

/// The actions for files in the sandbox.
extension ActionDefinition {
    static let fileContentName = "fileContent"

    package static let writeFile = ActionDefinition(
        ofBody: "write_file", "Write a file.", required(.sessionID), required(.filePath),
        TextPlaceParameter(fileContentName, "What the file is to hold; may be empty."), optional(.encoding),
        example: #""filePath": "/home/user/test.txt", "fileContent": "Hello, world!""#
    ) { body, session, path, place, encoding throws(ArgumentError) in
        guard let content = FileContent.bytes(at: place, in: body, isBase64: encoding == "base64") else {
            throw ArgumentError.notBase64
        }
        return PreparedAction(WriteFile(session: session.text, path: path, content: content)) { count in
            written(count, to: path, session: session.text)
        }
    }

    static func written(_ count: Int, to path: SandboxPath, session: String) -> ActionAnswer {
        .reply(
            ActionReply(
                sessionID: session,
                [("message", .text("File written to \(path.text)")), ("bytes", .number(count))]))
    }

    static let readFile = ActionDefinition(
        "read_file", "Read a file.", required(.sessionID), required(.filePath), optional(.encoding),
        example: #""filePath": "/home/user/test.txt""#
    ) { session, path, encoding in
        let action = ReadFile(session: session.text, path: path, wantsBytes: encoding == "base64")
        return PreparedAction(action) { result in
            let (content, encoding): (String, JSONNode) =
                switch result.content {
                case .text(let text): (text, "utf-8")
                case .bytes(let bytes): (String(base64: bytes), "base64")
                // Pictures were not asked for.
                case .picture, .rejected: ("", "base64")
                }
            return .reply(
                ActionReply(
                    sessionID: session.text,
                    [("content", .text(content)), ("bytes", .number(result.size)), ("encoding", encoding)]))
        }
    }

    static let getFileDownloadURL = ActionDefinition(
        "get_file_downloadurl", "Get a link to a file that works without a key.", required(.sessionID),
        required(.filePath), optional(.expiresIn), example: #""filePath": "/home/user/output.txt""#
    ) { session, path, minutes in
        PreparedAction(LinkToFile(session: session.text, path: path, lifetime: .minutes(minutes ?? 60))) { link in
            .reply(
                ActionReply(
                    sessionID: session.text,
                    [
                        ("downloadUrl", .text(link.url)), ("expiresAt", .text(link.endsAt.written)),
                        ("message", "Download URL generated for \(path.text)"),
                    ]))
        }
    }
}

extension String {
    fileprivate init(base64 bytes: [UInt8]) {
        var encoded: [UInt8] = []
        encoded.append(base64: bytes)
        self.init(decoding: encoded, as: UTF8.self)
    }
}

extension ArgumentError {
    static let notBase64 = ArgumentError("`fileContent` must be base64, as `encoding` says.")
}
