/// A log's entries are objects with numbers for names. A name is taken once: of two writers that append at the same place, one is told
/// to look again.
extension S3Store {
    package func append(
        _ entry: [UInt8], at index: Int, to log: LogID, of owner: StoreOwner
    ) async throws(StoreError) {
        let folder = layout.folder(log, of: owner)
        // Without the entry before it the log is gone.
        if index > 0 { _ = try await client.send(.init(method: "HEAD", key: "\(folder)\(index - 1)")) }
        try await create("\(folder)\(index)", entry)
    }

    package func entries(of log: LogID, of owner: StoreOwner) async throws(StoreError) -> [[UInt8]] {
        let folder = layout.folder(log, of: owner)
        var indices: Set<Int> = []
        try await list(folder) { object in
            if let index = Int(object.key.dropFirst(folder.count)) { indices.insert(index) }
        }
        var count = 0
        while indices.contains(count) { count += 1 }
        let entries = try await bodies((0..<count).map { "\(folder)\($0)" })
        let present = entries.prefix { $0 != nil }.compactMap { $0 }
        guard !present.isEmpty else { throw .notFound }
        return present
    }

    package func deleteLog(_ log: LogID, of owner: StoreOwner) async throws(StoreError) {
        var keys: [String] = []
        try await list(layout.folder(log, of: owner)) { keys.append($0.key) }
        for key in keys { try await delete(key) }
    }

    package func linkSecret() async throws(StoreError) -> [UInt8] {
        var answer = try await client.send(.init(key: layout.linkSecret, accepted: [404]))
        if answer.status == 404 {
            do throws(StoreError) {
                try await create(layout.linkSecret, Array(IDText.random(43).utf8))
            } catch {
                // Another process was faster; its secret counts.
                guard error == .conflict else { throw error }
            }
            answer = try await client.send(.init(key: layout.linkSecret))
        }
        guard answer.body.count >= LinkSigner.shortestSecret else { throw .broken }
        return answer.body
    }
}
