import E2B

/// How the sandboxes of sessions are ended.
extension Sessions {
    /// Ends every sandbox of the session.
    ///
    /// - Returns: false if there was none.
    package func kill(_ key: SessionKey) async throws -> Bool {
        try await lookUps.run(key, until: E2BClient.deadline) {
            var ids = try await candidates(key).map(\.id)
            var (wasThere, failure) = (!ids.isEmpty, E2BError?.none)
            // While E2B pauses one, its list may not have it.
            if let known = cache.session(key), known.pausesAtEnd, !ids.contains(known.sandbox.id) {
                ids.append(known.sandbox.id)
            }
            for id in ids {
                do throws(E2BError) {
                    if try await killInAnyState(id) { wasThere = true }
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            cache.forget(key)
            return wasThere
        }
    }

    /// Ends one sandbox.
    ///
    /// - Returns: its session; nil if there is no such sandbox, or it belongs to another owner.
    package func kill(sandbox id: String, of owner: String) async throws -> SessionKey? {
        let info: SandboxInfo
        do throws(E2BError) {
            info = try await client.info(sandbox: id)
        } catch .notFound {
            return nil
        }
        guard let key = info.sessionKey, key.isOwned(by: owner) else { return nil }
        try await killInAnyState(info.id)
        cache.forget(key)
        return key
    }

    /// Kills a sandbox, also where E2B is just pausing or resuming it.
    @discardableResult
    private func killInAnyState(_ id: String) async throws(E2BError) -> Bool {
        for pause in [0.5, 1, 2, 4].map({ Duration.seconds($0) }) {
            do throws(E2BError) {
                return try await killOnce(id)
            } catch {
                guard case .refused(.kill, 409, _) = error else { throw error }
                // A cancelled task sleeps no more, and its next call throws.
                try? await Task.sleep(for: pause)
            }
        }
        return try await killOnce(id)
    }

    private func killOnce(_ id: String) async throws(E2BError) -> Bool {
        let wasThere = try await client.kill(sandbox: id)
        lifecycle.ended(id)
        return wasThere
    }
}
