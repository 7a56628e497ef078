internal import Foundation

/// Whom this program runs as, and whom its sandboxes run as.
enum Account {
    static let nobody = 65534

    /// We are root and can become `nobody`, so sandboxes must.
    ///
    /// Root of a user namespace that knows no `nobody` is an ordinary user in disguise and stays what it is.
    static let dropsRoot = geteuid() == 0 && isMapped(nobody)

    /// Before a command that must not run as root.
    static let dropping =
        dropsRoot
        ? ["/usr/bin/setpriv", "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups", "--no-new-privs"] : []

    private static func isMapped(_ id: Int) -> Bool {
        ProcFile.text("/proc/self/uid_map").split(separator: "\n").contains { line in
            let fields = line.split(separator: " ").compactMap { Int($0) }
            return fields.count == 3 && (fields[0]..<fields[0] + fields[2]).contains(id)
        }
    }
}
