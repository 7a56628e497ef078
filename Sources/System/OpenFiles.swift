internal import Glibc

/// The limit of open files of this process.
///
/// A process that has reached it cannot go on: a server cannot accept a connection, and libdispatch ends the process.
package enum OpenFiles {
    /// A number of open files, and their purpose.
    package struct Need: Equatable, Sendable {
        package var count: Int
        package var purpose: String

        package init(_ count: Int, for purpose: String) {
            self.count = count
            self.purpose = purpose
        }
    }

    /// The needs exceed the limit.
    package struct Shortage: Error, Equatable, Sendable, CustomStringConvertible {
        package let needs: [Need]
        package let limit: Int

        package var sum: Int { needs.reduce(0) { $0 + $1.count } }

        /// The end of a sentence, without its subject: `may take 300 open files, and the limit is 256: 44 for …`.
        package var description: String {
            let list = needs.map { "\($0.count) for \($0.purpose)" }.joined(separator: ", ")
            return "may take \(sum) open files, and the limit is \(limit): \(list)"
        }
    }

    /// Checks that the needs together are within the limit.
    ///
    /// - Throws: ``Shortage`` if their sum exceeds the limit.
    package static func check(_ needs: [Need], limit: Int = limit) throws(Shortage) {
        let shortage = Shortage(needs: needs, limit: limit)
        if shortage.sum > limit { throw shortage }
    }

    /// Raises the soft limit to the hard limit, because the usual soft limit of 1024 is meant for programs that use
    /// select(2). Call it at the start. Child processes inherit the limit.
    ///
    /// - Returns: the number of files that may be open from now on.
    @discardableResult
    package static func raiseLimit() -> Int {
        guard var limits else { return .max }
        if limits.rlim_cur < limits.rlim_max {
            limits.rlim_cur = limits.rlim_max
            // setrlimit fails if the kernel's own limit is below the hard one. The soft limit then stays as it is.
            _ = setrlimit(kind, &limits)
        }
        return limit
    }

    /// The soft limit: the number of files that may be open at the same time.
    package static var limit: Int { limits.map { Int(clamping: $0.rlim_cur) } ?? .max }

    /// The hard limit, up to which ``raiseLimit()`` raises the soft one.
    package static var hardLimit: Int { limits.map { Int(clamping: $0.rlim_max) } ?? .max }

    private static var kind: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

    private static var limits: rlimit? {
        var limits = rlimit()
        return getrlimit(kind, &limits) == 0 ? limits : nil
    }
}
