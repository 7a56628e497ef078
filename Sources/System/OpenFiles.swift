internal import Glibc

/// How many files the process may have open: nobody can go on without a descriptor. Not a server with a connection, and not
/// libdispatch, which ends the process.
package enum OpenFiles {
    /// What some of them are for.
    package struct Need: Equatable, Sendable {
        package var count: Int
        package var purpose: String

        package init(_ count: Int, for purpose: String) {
            self.count = count
            self.purpose = purpose
        }
    }

    /// Needs that are more than the limit.
    package struct Shortage: Error, Equatable, Sendable, CustomStringConvertible {
        package let needs: [Need]
        package let limit: Int

        package var sum: Int { needs.reduce(0) { $0 + $1.count } }

        /// Without a subject: `may take 300 open files, and the limit is 256: 44 for …`.
        package var description: String {
            let list = needs.map { "\($0.count) for \($0.purpose)" }.joined(separator: ", ")
            return "may take \(sum) open files, and the limit is \(limit): \(list)"
        }
    }

    /// - Throws: where all of them together are more than the limit.
    package static func check(_ needs: [Need], limit: Int = limit) throws(Shortage) {
        let shortage = Shortage(needs: needs, limit: limit)
        if shortage.sum > limit { throw shortage }
    }

    /// Raises the soft limit to the hard one: the usual soft one, 1024, is for programs that use select(2). To be called at the
    /// start; programs that this one starts have the same limit.
    ///
    /// - Returns: how many files may be open from now on.
    @discardableResult
    package static func raiseLimit() -> Int {
        guard var limits else { return .max }
        if limits.rlim_cur < limits.rlim_max {
            limits.rlim_cur = limits.rlim_max
            // Refused, as by a kernel whose own limit is lower than the hard one: the soft one stays what it is.
            _ = setrlimit(kind, &limits)
        }
        return limit
    }

    /// How many may be open.
    package static var limit: Int { limits.map { Int(clamping: $0.rlim_cur) } ?? .max }

    /// Where ``raiseLimit()`` ends.
    package static var hardLimit: Int { limits.map { Int(clamping: $0.rlim_max) } ?? .max }

    private static var kind: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

    private static var limits: rlimit? {
        var limits = rlimit()
        return getrlimit(kind, &limits) == 0 ? limits : nil
    }
}
