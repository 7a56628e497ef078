import ImageGate
import Interpreter
import JSON

/// The action that runs code.
extension ActionDefinition {
    static let execute = ActionDefinition(
        "execute", "Run code. Variables and imports stay for the next call.", required(.sessionID), required(.code),
        optional(.language), optional(.envs), optional(.timeoutMs), optional(.format),
        example: #""code": "print(6 * 7)""#
    ) { session, code, language, envs, milliseconds, format throws(ArgumentError) in
        let (program, language) = try code.program(in: language)
        guard !program.isBlank else { throw ArgumentError(missing: Parameter.code.name) }
        let isContent = format == "content"
        let action = RunCode(
            session: session.text, code: program, language: language, variables: envs ?? [:],
            timeLimit: milliseconds.map { .milliseconds($0) }, keeping: isContent ? .answer : .parts)
        return PreparedAction(action) { result in
            isContent
                ? .content(result.content(code: code, language: action.language), problem: result.problem)
                : .reply(await result.reply(sessionID: session.text), problem: result.problem)
        }
    }
}

extension RunCodeResult {
    /// The result in the form of `POST /execute`.
    func content(code: String, language: Language) -> ToolContent {
        let text = ExecutionMarkdown(
            record, code: code, language: language.rawValue, limit: textLimit, without: secrets)
        return ToolContent(text: text.rendered(), images: record.images, links: pictureLinks)
    }

    fileprivate func reply(sessionID: String) async -> ActionReply {
        let texts = await texts()
        var error = JSONNode.null
        if let failure = texts.failure {
            error = [
                "name": .text(failure.name), "value": .text(failure.value), "traceback": .text(failure.traceback),
            ]
        }
        var reply = ActionReply(
            sessionID: sessionID, isSuccess: texts.failure == nil,
            [
                ("output", .text(texts.mainText)),
                ("logs", ["stdout": .text(texts.stdout), "stderr": .text(texts.stderr)]), ("error", error),
                (
                    "results",
                    .list(
                        texts.displays.map { form, text in
                            ["type": .text(form.rawValue), form.rawValue: .text(text)]
                        })
                ),
                ("images", .list(record.images.indices.map(summary))),
            ])
        var notes = record.notes + record.imageNotes
        if record.displaysLeftOut > 0 { notes.append("\(record.displaysLeftOut) more results left out.") }
        if pictureLinks.contains(where: { $0 != nil }) { notes.append(PictureLinks.markdownInstruction) }
        if !notes.isEmpty { reply.members.append(.init("notes", .list(notes.map { .text($0) }))) }
        return reply
    }
}

extension RunCodeResult {
    /// The description of an image in a reply that does not contain its bytes.
    fileprivate func summary(_ index: Int) -> JSONNode {
        let image = record.images[index]
        var members: [JSONNode.Member] = [
            .init("mimeType", .text(image.type.mimeType)), .init("width", .number(image.width)),
            .init("height", .number(image.height)), .init("bytes", .number(image.bytes.count)),
        ]
        if index < pictureLinks.count, let link = pictureLinks[index] {
            members.append(.init("markdown", .text(PictureLinks.markdown(link, index))))
        }
        return .object(members)
    }
}
