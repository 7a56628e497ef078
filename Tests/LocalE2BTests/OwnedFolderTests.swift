import Foundation
import Testing

@testable import LocalE2B

@Suite(.timeLimit(.minutes(10))) struct OwnedFolderTests {
    @Test func `a folder is made although others sweep at the same moment, and is not swept`() async throws {
        let makers = await withTaskGroup { group in
            for isMaker in [true, false, true, false] {
                group.addTask {
                    await Machine.aside {
                        Result {
                            for _ in 0..<300 {
                                guard isMaker else {
                                    OwnedFolder.sweep()
                                    continue
                                }
                                let folder = try OwnedFolder(mode: 0o711)
                                defer { folder.remove() }
                                let attributes = try FileManager.default.attributesOfItem(atPath: folder.path)
                                guard attributes[.posixPermissions] as? Int == 0o711 else { return false }
                            }
                            return true
                        }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for maker in makers { #expect(try maker.get()) }
    }
}
