package import Store

/// What the operator says of the store.
package struct StoreSettings: Equatable, Sendable {
    package enum Place: Equatable, Sendable {
        case off
        /// A folder that the operator has chosen.
        case directory(String)
        case bucket(S3Configuration)
        /// The first of these folders that can be written; where there is none, nothing is kept.
        case firstOf([String])
    }

    package var place: Place
    package var limits: StoreLimits
    /// The secret that signs links; nil for the one that is kept in the store.
    var linkSecret: String?
    /// For how long a link works where the caller does not say.
    var linkLifetime: Duration
    /// The largest number of bytes of a file that is shared by a link.
    var shareLimit = 150 << 20
}

extension SettingReader {
    mutating func store() -> StoreSettings {
        let lifetime = Duration.seconds(3600 * integer(.storeHours, 25...24 * 3650))
        let bytes = integer(.storeBytes, 1 << 20...1 << 50)
        let ownerBytes = optionalInteger(.storeOwnerBytes, 1 << 20...1 << 50) ?? max(1 << 20, bytes / 2)
        if ownerBytes > bytes {
            refuse("\(Setting.storeOwnerBytes.name) is \(ownerBytes), more than \(Setting.storeBytes.name) (\(bytes)).")
        }
        let linkLifetime = Duration.seconds(3600 * integer(.linkHours, 1...24 * 3650))
        if linkLifetime > lifetime {
            refuse(
                "\(Setting.linkHours.name) is \(linkLifetime.components.seconds / 3600), more than \(Setting.storeHours.name) "
                    + "(\(lifetime.components.seconds / 3600)): a link would outlive its file.")
        }
        return StoreSettings(
            place: storePlace(), limits: StoreLimits(lifetime: lifetime, bytes: bytes, ownerBytes: ownerBytes),
            linkSecret: linkSecret(), linkLifetime: linkLifetime)
    }

    private mutating func storePlace() -> StoreSettings.Place {
        switch text(.store) {
        case "off": return .off
        case nil:
            let state = path("XDG_STATE_HOME") ?? path("HOME").map { "\($0)/.local/state" }
            return .firstOf([Setting.store.standard] + (state.map { ["\($0)/e2b-fcgi"] } ?? []))
        case let text? where Self.isBucket(text): return bucket(text).map { .bucket($0) } ?? .off
        case .some: return folder(.store).map { .directory($0) } ?? .off
        }
    }

    private mutating func linkSecret() -> String? {
        guard let secret = text(.linkSecret) else { return nil }
        if secret.utf8.count < LinkSigner.shortestSecret {
            refuse("\(Setting.linkSecret.name): it must have at least \(LinkSigner.shortestSecret) characters.")
        }
        return secret
    }
}
