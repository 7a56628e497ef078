internal import Glibc
internal import System

/// A number of bytes in a file, which all processes change: what the files of an owner take, or those of all owners.
///
/// A process that is killed between a change and what it stands for leaves a wrong number, which the next round of the sweep
/// puts right.
struct UsageCounter {
    let path: String

    /// The width of the number. A new one covers the old one.
    private static let digits = 20

    /// - Returns: the number after the change.
    func add(_ bytes: Int) throws(SystemError) -> Int { try change { $0 + bytes } }

    func set(_ bytes: Int) throws(SystemError) { _ = try change { _ in bytes } }

    /// Returns the number; 0 if there is none yet.
    var value: Int {
        guard let file = try? OpenFile(path, O_RDONLY) else { return 0 }
        return Self.number(in: file)
    }

    private func change(_ change: (Int) -> Int) throws(SystemError) -> Int {
        let file = try OpenFile(path, O_RDWR | O_CREAT)
        // Closing the file unlocks it. Where there are no locks, as in some networks, a round of the sweep has to do.
        _ = uninterrupted { flock(file.descriptor, LOCK_EX) }
        let number = max(0, change(Self.number(in: file)))
        let text = String(number)
        let line = Array((String(repeating: "0", count: Self.digits - text.utf8.count) + text).utf8)
        guard pwrite(file.descriptor, line, line.count, 0) == line.count else { throw .last("pwrite") }
        return number
    }

    private static func number(in file: OpenFile) -> Int {
        let bytes = (try? file.read(digits, at: 0)) ?? []
        return Int(String(decoding: bytes, as: UTF8.self)) ?? 0
    }
}
