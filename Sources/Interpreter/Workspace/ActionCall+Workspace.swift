import E2B
import Store

extension ActionCall {
    /// Makes the workspace, if it is not there.
    func makeWorkspace(in sandbox: Sandbox) async throws {
        let process = ProcessRequest(
            command: "/bin/bash", arguments: ["-c", Workspace.making], timeout: Self.listingTime)
        try await client.run(process, in: sandbox) { _ in }
    }

    /// Lists the workspace by one command.
    ///
    /// - Parameters:
    ///   - isFirst: whether the workspace may have to be made.
    ///   - names: files that are listed wherever they lie.
    ///   - time: as for ``WorkspaceListing/arguments(isFirst:naming:since:)``.
    func listWorkspace(
        isFirst: Bool, naming names: [WorkspaceName], since time: Double? = nil, in sandbox: Sandbox
    ) async throws -> WorkspaceListing {
        let process = ProcessRequest(
            command: "/bin/bash", arguments: WorkspaceListing.arguments(isFirst: isFirst, naming: names, since: time),
            timeout: Self.listingTime)
        let room = limits.memory.reservation(for: owner)
        var output: [UInt8] = []
        var errors = 0
        let exit = try await client.run(process, in: sandbox) { event in
            switch event {
            case .stdout(let bytes):
                guard await room.grow(to: output.count + bytes.count) else { throw E2BError.outOfMemory(.listFiles) }
                output += bytes
            case .stderr(let bytes): errors += bytes.count { $0 == UInt8(ascii: "\n") }
            case .started, .ended: break
            }
        }
        return WorkspaceListing(output: output, errors: errors, hasFailed: exit.code != 0)
    }

    private static let listingTime = Duration.seconds(20)

    /// Writes files of the store into the workspace.
    ///
    /// - Returns: a line for each file that is not there any more.
    func fillWorkspace(
        with inputs: [WorkspaceInput], of store: any FileStore, in sandbox: Sandbox
    ) async throws -> [String] {
        let (rest, notes) = try await writeTogether(inputs, of: store, in: sandbox)
        return try await withThrowingTaskGroup(of: String?.self) { group in
            var notes = notes
            for (index, input) in rest.enumerated() {
                if index >= Self.writers, let note = try await group.next() { notes += [note].compactMap { $0 } }
                group.addTask { try await write(input, of: store, in: sandbox) }
            }
            for try await note in group { notes += [note].compactMap { $0 } }
            return notes
        }
    }

    /// Writes what is small by one call, if there are several such files.
    ///
    /// - Returns: those that are still to be written, and a line for each file that is not there any more.
    private func writeTogether(
        _ inputs: [WorkspaceInput], of store: any FileStore, in sandbox: Sandbox
    ) async throws -> (rest: [WorkspaceInput], notes: [String]) {
        var chosen: [WorkspaceInput] = []
        var size = 0
        for input in inputs where E2BClient.canWriteTogether(input.name.path) {
            guard size + input.file.size <= Self.smallSize else { continue }
            size += input.file.size
            chosen.append(input)
        }
        let room = limits.memory.reservation(for: owner)
        // The form is a copy of them.
        guard chosen.count > 1, await room.grow(to: 2 * size) else { return (inputs, []) }
        var notes: [String] = []
        var files: [(path: String, bytes: [UInt8])] = []
        for input in chosen {
            if let bytes = try await Self.contents(of: input, in: store) {
                files.append((path: input.name.path, bytes: bytes))
            } else {
                notes.append("\(input.name) is not kept any more, and is not there.")
            }
        }
        do throws(E2BError) {
            try await client.write(files, in: sandbox)
        } catch {
            // One at a time they say which of them cannot be written.
            guard error.isRefusal else { throw error }
            return (inputs, [])
        }
        let written = Set(chosen.map(\.name))
        return (inputs.filter { !written.contains($0.name) }, notes)
    }

    /// - Returns: nil if the file is gone.
    private static func contents(of input: WorkspaceInput, in store: any FileStore) async throws -> [UInt8]? {
        do {
            let bytes = try await store.open(input.file)
            defer { bytes.close() }
            return try await bytes.collect()
        } catch StoreError.notFound {
            return nil
        }
    }

    /// The number of files that are written at a time.
    private static let writers = 4
    /// Bytes of a file that is written at once, and of those that are written together. A larger one is written in pieces, which takes one call more.
    private static let smallSize = 1 << 20

    private func write(
        _ input: WorkspaceInput, of store: any FileStore, in sandbox: Sandbox
    ) async throws -> String? {
        let path = input.name.path
        do {
            let bytes = try await store.open(input.file)
            defer { bytes.close() }
            let room = limits.memory.reservation(for: owner)
            if input.file.size <= Self.smallSize, await room.grow(to: input.file.size) {
                try await client.write(try await bytes.collect(), to: path, in: sandbox)
            } else {
                try await client.write(bytes, length: input.file.size, to: path, in: sandbox)
            }
            return nil
        } catch StoreError.notFound {
            return "\(input.name) is not kept any more, and is not there."
        } catch E2BError.refused(_, let status, let message) where status < 502 || status == 507 {
            return "\(input.name) could not be written: \(message)."
        } catch E2BError.notFound(_, let message) {
            return "\(input.name) could not be written: \(message)."
        }
    }
}

extension E2BError {
    /// Whether the sandbox has answered that it does not write what it was given.
    fileprivate var isRefusal: Bool {
        switch self {
        case .refused, .notFound: true
        default: false
        }
    }
}
