import E2B

/// What a program finds beside its workspace, in a folder of its own, and the report that it leaves there if it is to be run again.
package struct ProgramCompanion: Equatable, Sendable {
    package let folder: String
    private let files: [String: [UInt8]]
    private let report: String

    /// Bytes of a report.
    private static let reportLimit = 8 << 20

    /// - Parameters:
    ///   - files: by their names in the folder.
    ///   - report: the name of the file by which the program says that it is to be run again.
    package init(_ folder: String, files: [String: [UInt8]], report: String) {
        self.folder = folder
        self.files = files
        self.report = report
    }

    func write(in sandbox: Sandbox, _ call: ActionCall) async throws {
        for (name, bytes) in files { try await call.client.write(bytes, to: "\(folder)/\(name)", in: sandbox) }
    }

    /// - Parameter isOwn: whether nobody uses the sandbox afterwards. Otherwise the folder is removed.
    /// - Returns: nil if the program has come to its end.
    func takeReport(
        after end: ProgramEnd, in sandbox: Sandbox, isOwn: Bool, _ call: ActionCall
    ) async throws -> [UInt8]? {
        var bytes: [UInt8]?
        // A program that was stopped may have taken its sandbox with it.
        if end.exitCode == 0 {
            do throws(E2BError) {
                bytes = try await call.client.read("\(folder)/\(report)", limit: Self.reportLimit, in: sandbox)
            } catch .notFound {
                bytes = nil
            }
        }
        // That it is still there does no harm: the next run has another folder.
        if !isOwn { try? await call.client.remove(folder, in: sandbox) }
        return bytes
    }
}
