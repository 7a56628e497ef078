import FastCGI
import Interpreter

/// Reads what operators set for single keys, and for their own view of the service.
extension SettingReader {
    /// Reads `name:concurrent=8,seconds=36000,name:executions=500`. What has no name belongs to the name before it.
    mutating func keyLimits(_ setting: Setting, of keys: [AccessKey]) -> [String: KeyLimits] {
        var limits: [String: KeyLimits] = [:]
        var name: String?
        for (index, entry) in (text(setting) ?? "").split(whereSeparator: { $0 == "," || $0 == ";" }).enumerated() {
            var rest = entry.trimmingSpaces[...]
            if let colon = rest.firstIndex(of: ":") {
                let named = rest[..<colon].trimmingSpaces
                name = named
                rest = rest[rest.index(after: colon)...]
                // Without keys every caller is `local`, and `jwt` is who comes with a token alone.
                if !keys.contains(where: { $0.name == named }), named != "local", named != Caller.tokenName {
                    refuse("\(setting.name), entry \(index + 1): its name must be that of a key of E2B_FCGI_KEYS.")
                }
            }
            let pair = rest.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name, pair.count == 2, let number = Int(pair[1].trimmingSpaces),
                (1...1_000_000_000).contains(number),
                let limit = Self.limit(pair[0].trimmingSpaces)
            else {
                refuse(
                    "\(setting.name), entry \(index + 1): it must be name:concurrent=8,seconds=36000,executions=500, with whole "
                        + "numbers from 1 on and at least one of the three.")
                continue
            }
            if limits[name, default: KeyLimits()][keyPath: limit] != nil {
                refuse("\(setting.name), entry \(index + 1): this limit of the key is there twice.")
            }
            limits[name, default: KeyLimits()][keyPath: limit] = number
        }
        return limits
    }

    private static func limit(_ name: String) -> WritableKeyPath<KeyLimits, Int?>? {
        switch name {
        case "concurrent": \.concurrent
        case "seconds": \.seconds
        case "executions": \.executions
        default: nil
        }
    }

    /// Reads a place to listen that only this machine reaches: the path of a Unix socket, or a port on a loopback address.
    mutating func localAddress(_ setting: Setting) -> Listener.Address? {
        guard let text = text(setting) else { return nil }
        let written =
            text.hasPrefix("/")
            ? "unix:\(text)" : text.hasPrefix("unix:") || text.hasPrefix("tcp:") ? text : "tcp:\(text)"
        let address = try? Listener.Address(written)
        switch address {
        case .unix(let path) where path.hasPrefix("/"): return address
        case .tcp(let host, _) where host == "localhost" || IPAddress(host)?.isLoopback == true: return address
        default:
            refuse(
                "\(setting.name): it must be the absolute path of a Unix socket, or a loopback address with a port, such as 127.0.0.1:9113."
            )
            return nil
        }
    }
}
