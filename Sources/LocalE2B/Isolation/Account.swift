internal import Foundation

/// The user that this program runs as, and the one that its sandboxes run as.
enum Account {
    static let nobody = 65534

    /// Whether sandboxes have to run as `nobody`, because this program is root and can change the user.
    ///
    /// Root of a user namespace without `nobody` is an ordinary user outside, and stays as it is.
    static let dropsRoot = geteuid() == 0 && isMapped(nobody)

    /// The arguments to put before a command that must not run as root.
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
