import Foundation
import Testing

@testable import LocalE2B

@Suite(.timeLimit(.minutes(10))) struct MailboxTests {
    @Test func `pieces come in order, across a close`() async throws {
        let mailbox = Mailbox()
        for number in 0..<3000 { mailbox.put(.line(Array("\(number)".utf8))) }
        mailbox.close(.sandboxGone)
        for number in 0..<3000 {
            #expect(try await mailbox.next() == .content(.line(Array("\(number)".utf8))))
        }
        await #expect(throws: Mailbox.ClosedError.sandboxGone) { try await mailbox.next() }
    }

    @Test func `a full mailbox holds its writer until it is read`() async throws {
        let mailbox = Mailbox()
        let piece = AgentFrame.Content.line([UInt8](repeating: 1, count: 8 << 20))
        let written = AsyncStream<Int>.makeStream()
        Thread.detachNewThread {
            for number in 0..<8 {
                mailbox.put(piece)
                written.continuation.yield(number)
            }
            written.continuation.finish()
        }
        // The reader takes all of it only because the writer is woken again.
        for _ in 0..<8 { #expect(try await mailbox.next() == .content(piece)) }
        var count = 0
        for await _ in written.stream { count += 1 }
        #expect(count == 8)
    }

    @Test func `closing frees a writer that waits`() async throws {
        let mailbox = Mailbox()
        let done = AsyncStream<Void>.makeStream()
        Thread.detachNewThread {
            for _ in 0..<10 { mailbox.put(.line([UInt8](repeating: 1, count: 8 << 20))) }
            done.continuation.finish()
        }
        _ = try await mailbox.next()
        mailbox.close(.clientGone)
        for await _ in done.stream {}
        await #expect(throws: Mailbox.ClosedError.clientGone) { try await mailbox.next() }
    }

    @Test func `silence ends at the deadline`() async throws {
        let mailbox = Mailbox()
        #expect(try await mailbox.next(before: .now + .milliseconds(10)) == .silence)
        mailbox.put(.end)
        #expect(try await mailbox.next(before: .now + .seconds(30)) == .content(.end))
    }

    @Test func `a cancelled reader gets its answer`() async throws {
        let mailbox = Mailbox()
        let reader = Task { try await mailbox.next() }
        reader.cancel()
        await #expect(throws: Mailbox.ClosedError.cancelled) { try await reader.value }
        mailbox.put(.end)
        #expect(try await mailbox.next() == .content(.end))
    }
}
