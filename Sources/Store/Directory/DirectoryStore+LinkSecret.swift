internal import Glibc
internal import System

extension DirectoryStore {
    package func linkSecret() async throws(StoreError) -> [UInt8] {
        try await threads.run { [self] () throws(StoreError) in
            if let secret = try readLinkSecret() { return secret }
            let temporary = "\(layout.root)/.\(IDText.random(12))\(DirectoryLayout.newSuffix)"
            defer { unlink(temporary) }
            try asStoreError { () throws(SystemError) in
                let file = try OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                try Descriptor.write(Array(IDText.random(43).utf8)[...], to: file.descriptor)
                try file.synchronize()
                // Another process may have been faster; its secret counts.
                guard link(temporary, layout.linkSecret) == 0 || errno == EEXIST else { throw .last("link") }
            }
            guard let secret = try readLinkSecret() else { throw .notFound }
            return secret
        }
    }

    private func readLinkSecret() throws(StoreError) -> [UInt8]? {
        let secret: [UInt8]
        do throws(SystemError) {
            secret = try OpenFile(layout.linkSecret, O_RDONLY).read(4096, at: 0)
        } catch {
            guard error.code == ENOENT else { throw StoreError(error) }
            return nil
        }
        guard secret.count >= LinkSigner.shortestSecret else { throw .broken }
        return secret
    }
}
