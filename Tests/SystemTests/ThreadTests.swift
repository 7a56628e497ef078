import Foundation
import Glibc
import Synchronization
import System
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ThreadTests {
    @Test func `a thread has its name, and only a crash can interrupt it`() async throws {
        let status = await withCheckedContinuation { (told: CheckedContinuation<String, Never>) in
            do throws(SystemError) {
                try startThread(named: "a test's thread") {
                    told.resume(
                        returning: (try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)) ?? "")
                }
            } catch {
                told.resume(returning: "\(error)")
            }
        }
        #expect(status.hasPrefix("Name:\ta test's thread\n"))
        let blocked = try #require(status.firstMatch(of: #/SigBlk:\s*([0-9a-f]+)/#)).1
        let mask = try #require(UInt64(blocked, radix: 16))
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGCHLD] { #expect(mask & (1 << UInt64(signal - 1)) != 0) }
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] {
            #expect(mask & (1 << UInt64(signal - 1)) == 0)
        }
    }

    @Test func `a stack that no address space can hold is a thread that is not granted`() {
        let error = #expect(throws: SystemError.self) { try startThread(named: "huge", stackSize: 1 << 50) {} }
        #expect(error?.call == "pthread_create")
        #expect(error?.remedy?.contains("ulimit -v") == true)
    }

    @Test func `threads that are granted are no shortage`() throws {
        try ThreadDemand.check([ThreadDemand(3), ThreadDemand(2, stackSize: 64 << 10)])
    }

    @Test func `a shortage says how many there are, and what is needed`() {
        let shortage = #expect(throws: ThreadDemand.Shortage.self) {
            try ThreadDemand.check([ThreadDemand(2), ThreadDemand(3, stackSize: 1 << 50)])
        }
        #expect(shortage?.granted == 2 && shortage?.wanted == 5)
        let text = shortage.map { "\($0)" } ?? ""
        #expect(text.hasPrefix("the system grants 2 of 5 threads ("), "\(text)")
        #expect(text.hasSuffix("): more memory (ulimit -v) or more processes (ulimit -u) are needed"), "\(text)")
    }

    @Test func `tasks run on their threads, as many at a time as there are`() async throws {
        let threads = try TaskThreads(named: "few", count: 2)
        defer { threads.stop() }
        let running = Atomic(0)
        let most = Mutex(0)
        let job = { @Sendable () async -> String in
            let count = running.add(1, ordering: .relaxed).newValue
            most.withLock { $0 = max($0, count) }
            defer { running.subtract(1, ordering: .relaxed) }
            usleep(1000)
            return (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
        }
        let names = await withTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask(executorPreference: threads, operation: job) }
            return await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(names.isSubset(of: ["few-0\n", "few-1\n"]) && !names.isEmpty)
        #expect(most.withLock { $0 } <= 2)
    }
}
