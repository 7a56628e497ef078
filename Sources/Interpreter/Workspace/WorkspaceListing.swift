/// What is in the workspace at one time, as one command tells it.
///
/// Hidden folders, Python's caches and the packages of npm are no work of a program's, and are passed over; so are hidden files
/// where the workspace is the home directory, in which every shell keeps some. Links are not followed: what they lead to is listed
/// at its own place, or is none of the workspace's.
struct WorkspaceListing: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        /// Bytes.
        var size: Int
        /// Seconds with a fraction, as `find` writes them.
        var modified: String
        /// The number in the file system: a file that took the place of another one has another number, whatever its time is.
        var node: String
    }

    private(set) var files: [WorkspaceName: Entry] = [:]
    /// Files whose names cannot be told to a caller.
    private(set) var unnamed = 0
    /// Files that lie too deep.
    private(set) var tooDeep: [WorkspaceName] = []
    /// Folders that could not be looked into.
    let unreadable: Int
    /// Whether there is no list.
    private let hasFailed: Bool
    /// Whether there may be more than is listed.
    let isCut: Bool

    /// Whether a file that is not in the list surely is not in the workspace.
    var isComplete: Bool { !hasFailed && !isCut && unreadable == 0 }

    /// The largest number of files, and of bytes of the list.
    static let fileLimit = 10_000
    static let byteLimit = 4 << 20
    /// The number of levels of folders from which files are taken.
    static let depthLimit = 16

    /// The list of an empty workspace.
    static let empty = WorkspaceListing(output: [])
    /// What there is where nothing could be listed.
    static let missing = WorkspaceListing(output: [], hasFailed: true)

    /// The arguments with which bash prints the list.
    ///
    /// - Parameters:
    ///   - isFirst: whether the workspace may have to be made.
    ///   - names: files that are listed even if they are such as are passed over.
    ///   - time: only files are listed that have changed since then, by the sandbox's clock; nil: all of them.
    static func arguments(isFirst: Bool, naming names: [WorkspaceName], since time: Double? = nil) -> [String] {
        // The time of a file is that of the kernel's last tick, which may lie a few milliseconds back.
        let time = time.map { "\($0 - 0.05)" } ?? ""
        return ["-c", (isFirst ? Workspace.making : "") + script, "list", time]
            + names.map(\.text).filter(\.isPassedOver)
    }

    /// Prints a record for each file: its depth, size, time, number and name, and a NUL. Its arguments are the time since when files
    /// have changed, and names that are hidden and are to be listed all the same.
    ///
    /// What counts as a change is one of the file's state, for a program can choose the time of its content.
    private static let script = #"""
        cd /mnt/data || exit
        since=()
        [ -z "$1" ] || since=(-newerct "@$1")
        shift
        export LC_ALL=C
        over=(-type d \( -name '.?*' -o -name __pycache__ -o -name node_modules \))
        [ "$(pwd -P)" != "$(cd && pwd -P)" ] || over=(\( -name '.?*' -o "${over[@]}" \))
        {
          for name; do
            [ -f "./$name" ] && [ ! -L "./$name" ] || continue
            stat --printf='1 %s %.Y %i ' "./$name" && printf '%s\0' "$name"
          done
          find . -mindepth 1 -maxdepth \#(2 * depthLimit) "${over[@]}" -prune -o -type f "${since[@]}" -printf '%d %s %T@ %i %P\0'
        } | head -z -n \#(fileLimit + 1) | head -c \#(byteLimit)
        """#

    /// - Parameters:
    ///   - output: what the command has printed.
    ///   - errors: the number of lines about folders into which it could not look.
    ///   - hasFailed: whether there is no workspace.
    init(output: [UInt8], errors: Int = 0, hasFailed: Bool = false) {
        let records = output.split(separator: 0)
        unreadable = errors
        self.hasFailed = hasFailed
        isCut = records.count > Self.fileLimit || output.count >= Self.byteLimit
        for record in records.prefix(Self.fileLimit) {
            let fields = record.split(separator: UInt8(ascii: " "), maxSplits: 4, omittingEmptySubsequences: false)
            guard fields.count == 5, let depth = Int(String(decoding: fields[0], as: UTF8.self)),
                let size = Int(String(decoding: fields[1], as: UTF8.self))
            else { continue }
            let text = String(decoding: fields[4], as: UTF8.self)
            guard text.utf8.elementsEqual(fields[4]), let name = WorkspaceName(text) else {
                unnamed += 1
                continue
            }
            guard depth <= Self.depthLimit else {
                tooDeep.append(name)
                continue
            }
            files[name] = Entry(
                size: size, modified: String(decoding: fields[2], as: UTF8.self),
                node: String(decoding: fields[3], as: UTF8.self))
        }
    }
}

extension String {
    /// Whether the command passes over a file of this name.
    fileprivate var isPassedOver: Bool {
        split(separator: "/").contains { $0.hasPrefix(".") || $0 == "__pycache__" || $0 == "node_modules" }
    }
}
