import Foundation
import JSON
import LibreChat
import TestSupport
import Testing

@testable import Responder

struct DocumentationTests {
    private let catalogue = Binaries.repository.appending(path: "Sources/Responder/Responder.docc")

    private func page(_ name: String) throws -> String {
        try String(contentsOf: catalogue.appending(path: name), encoding: .utf8)
    }

    @Test(arguments: Setting.all.map(\.name))
    func `the table of settings has each of them as the program has it`(name: String) throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        let standard = setting.standard.isEmpty ? "–" : "`\(setting.standard)`"
        #expect(try page("Settings.md").contains("\n| `\(setting.name)` | \(standard) | \(setting.meaning) |\n"))
    }

    @Test func `the table of actions has them as the program has them`() throws {
        func names(_ parameters: [ParameterDescription]) -> String {
            parameters.isEmpty ? "–" : parameters.map { "`\($0.name)`" }.joined(separator: ", ")
        }
        let rows = ActionDefinition.all.map {
            "| `\($0.name)` | \(names($0.parameters.filter(\.isRequired))) | \(names($0.parameters.filter { !$0.isRequired })) | \($0.purpose) |"
        }
        let head = "| action | required | optional | what it does |\n|---|---|---|---|\n"
        let page = try page("Actions.md")
        let table = try #require(page.range(of: head))
        let lines = page[table.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.prefix { $0.hasPrefix("|") }.map(String.init) == rows)
    }

    @Test func `the README is short enough to be read`() throws {
        let readme = try String(contentsOf: Binaries.repository.appending(path: "README.md"), encoding: .utf8)
        #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 181)
    }

    @Test func `every link between documents leads to a file, and to a heading of it`() throws {
        let documents = try MarkdownDocument.all(in: Binaries.repository)
        #expect(documents.count > 10)
        for document in documents {
            #expect(document.brokenLinks(within: Binaries.repository) == [], "\(document.file.path)")
        }
    }

    @Test func `every page of a catalogue, and every folder's README, is linked from another document`() throws {
        let documents = try MarkdownDocument.all(in: Binaries.repository)
        let targets = Set(documents.flatMap { document in document.targets.map(\.file.path) })
        for document in documents where !document.isFoundByGitHub {
            #expect(targets.contains(document.file.path), "\(document.file.path)")
        }
    }
}
