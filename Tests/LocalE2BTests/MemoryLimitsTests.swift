import Foundation
import Testing

@testable import LocalE2B

@Suite struct MemoryLimitsTests {
    private static let gigabyte = 1 << 30

    private func use(_ sizes: Int..., files: Int = 0) -> MemoryUse {
        var use = MemoryUse()
        use.processes = sizes.enumerated().map { MemoryUse.Process(pid: $0 + 1, name: "p", bytes: $1) }
        use.files = files
        return use
    }

    @Test func `the offender is who is beyond its own limit, else the largest when all are`() {
        let limits = MemoryLimits(sandbox: 100, physical: 400)  // All together 300, and 25 must stay.
        func offender(_ uses: MemoryUse..., available: Int = 400) -> [Int]? {
            limits.offender(of: uses.enumerated().map { (id: $0, use: $1) }, available: available).map {
                [$0.id, $0.limit]
            }
        }
        #expect(offender() == nil && offender(available: 0) == nil)
        #expect(offender(use(50, 50), use(90)) == nil)
        #expect(offender(use(50), use(50, 51)) == [1, 100])
        #expect(offender(use(50), use(50, files: 51)) == [1, 100])
        #expect(offender(use(90), use(99), use(91), use(20)) == nil)
        #expect(offender(use(90), use(99), use(91), use(21)) == [1, 49])
        #expect(offender(use(10), use(20), available: 24) == [1, 10])
        #expect(MemoryLimits(sandbox: nil, physical: 2 * Self.gigabyte).sandbox == Self.gigabyte)
        #expect(MemoryLimits(sandbox: nil, physical: 64 * Self.gigabyte).sandbox == 4 * Self.gigabyte)
    }

    @Test func `the largest processes go, and the sandbox when that does not help`() {
        func killed(_ use: MemoryUse) -> [Int]? {
            guard case .kill(let processes) = MemoryLimits.action(for: use, limit: 100, sparing: [1, 2]) else {
                return nil
            }
            return processes.map(\.pid)
        }
        #expect(killed(use(5, 5, 20, 80)) == [4])
        #expect(killed(use(5, 5, 30, 30, 30, 30)) == [3, 4])
        #expect(killed(use(5, 5, 60, files: 60)) == [3])
        #expect(killed(use(5, 200, 10)) == nil)
        #expect(killed(use(5, 5, 10, files: 101)) == nil)
    }

    @Test func `fields of the kernel's files`() {
        let fields = ProcFields("Name:\tpython3 -c\nVmRSS:\t   12 kB\nThreads:\t3\nodd\n")
        #expect(fields.name == "python3 -c" && fields["VmRSS"] == 12 << 10)
        #expect(fields["Threads"] == nil && fields["Name"] == nil && fields["odd"] == nil)
    }
}
