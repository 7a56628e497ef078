import Foundation
import JSON
import LibreChat
import Testing

@testable import Responder

struct ReadmeTests {
    private let readme: String

    init() throws {
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        readme = try String(contentsOf: repository.appending(path: "README.md"), encoding: .utf8)
    }

    @Test(arguments: Setting.all.map(\.name))
    func `the README's table has every setting as the program has it`(name: String) throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        let standard = setting.standard.isEmpty ? "–" : "`\(setting.standard)`"
        #expect(readme.contains("\n| `\(setting.name)` | \(standard) | \(setting.meaning) |\n"))
    }

    @Test func `the README's table has the actions as the program has them`() throws {
        func names(_ parameters: [ParameterDescription]) -> String {
            parameters.isEmpty ? "–" : parameters.map { "`\($0.name)`" }.joined(separator: ", ")
        }
        let rows = ActionDefinition.all.map {
            "| `\($0.name)` | \(names($0.parameters.filter(\.isRequired))) | \(names($0.parameters.filter { !$0.isRequired })) | \($0.purpose) |"
        }
        let head = "| action | required | optional | what it does |\n|---|---|---|---|\n"
        let table = try #require(readme.range(of: head))
        let lines = readme[table.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.prefix { $0.hasPrefix("|") }.map(String.init) == rows)
    }
}
