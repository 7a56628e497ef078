import Foundation
import Responder
import Testing

struct ReadmeTests {
    @Test(arguments: Setting.all.map(\.name))
    func `the README's table has every setting as the program has it`(name: String) throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: repository.appending(path: "README.md"), encoding: .utf8)
        let standard = setting.standard.isEmpty ? "–" : "`\(setting.standard)`"
        #expect(readme.contains("\n| `\(setting.name)` | \(standard) | \(setting.meaning) |\n"))
    }
}
