import Dispatch
import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct DecodingQueueTests {
    private typealias Queue = DecodingQueue<String>

    /// Takes all that are there, each finished before the next.
    private func order(_ queue: inout Queue) -> [String] {
        var order: [String] = []
        while let entry = queue.take() {
            order.append(entry.work)
            queue.finish(entry)
        }
        return order
    }

    private func entry(_ batch: ImageBatch, _ work: String, _ role: DecoderRole = .computing) -> Queue.Entry {
        .init(batch: batch, role: role, work: work)
    }

    @Test func `owners take turns, and so do the executions of one`() {
        var queue = Queue(places: [.computing: 1])
        let (first, second) = (ImageBatch(owner: "a"), ImageBatch(owner: "a"))
        for number in 1...3 { queue.add(entry(first, "a1.\(number)")) }
        for number in 1...2 { queue.add(entry(second, "a2.\(number)")) }
        let other = ImageBatch(owner: "b")
        queue.add(entry(other, "b.1"))
        #expect(queue.take()?.work == "a1.1")
        queue.add(entry(ImageBatch(owner: "c"), "c.1"))
        queue.finish(entry(first, "a1.1"))
        #expect(order(&queue) == ["b.1", "a2.1", "c.1", "a1.2", "a2.2", "a1.3"])
        #expect(queue.isEmpty)
        queue.add(entry(other, "b.2"))
        #expect(order(&queue) == ["b.2"])
    }

    @Test func `images of one execution go one after the other`() {
        var queue = Queue(places: [.computing: 3])
        let (batch, other) = (ImageBatch(owner: "a"), ImageBatch(owner: "a"))
        for number in 1...2 { queue.add(entry(batch, "1.\(number)")) }
        queue.add(entry(other, "2.1"))
        let first = queue.take()
        #expect(first?.work == "1.1" && queue.take()?.work == "2.1" && queue.take() == nil && !queue.isEmpty)
        if let first { queue.finish(first) }
        #expect(queue.take()?.work == "1.2")
    }

    @Test func `drawings leave places free`() {
        var queue = Queue(places: [.computing: 2, .drawing: 1])
        for owner in ["a", "b", "c"] { queue.add(entry(ImageBatch(owner: owner), "\(owner)-svg", .drawing)) }
        let batch = ImageBatch(owner: "d")
        queue.add(entry(batch, "d-svg", .drawing))
        queue.add(entry(batch, "d-png"))
        let first = queue.take()
        // The drawing before it waits, and keeps nobody waiting.
        #expect(first?.work == "a-svg" && queue.take()?.work == "d-png" && queue.take() == nil)
        if let first { queue.finish(first) }
        #expect(queue.take()?.work == "b-svg" && queue.take() == nil)
    }

    @Test func `what nobody waits for leaves its owner's turn as it was`() {
        var queue = Queue(places: [.computing: 1])
        let (first, second) = (ImageBatch(owner: "a"), ImageBatch(owner: "b"))
        for work in ["a.1", "a.2", "a.3"] { queue.add(entry(first, work)) }
        queue.add(entry(second, "b.1"))
        #expect(queue.remove { $0 == "a.1" }?.work == "a.1")
        #expect(queue.remove { $0 == "x" } == nil)
        #expect(order(&queue) == ["a.2", "b.1", "a.3"])
        queue.add(entry(second, "b.2"))
        #expect(queue.remove { $0 == "b.2" }?.work == "b.2")
        #expect(queue.isEmpty)
    }

    @Test(arguments: 1...3) func `drawings that do not end keep no plot waiting`(count: Int) async throws {
        let threads = try DecodingThreads.start(count: count)
        let release = DispatchSemaphore(value: 0)
        let drawings = (0..<4).map { number in
            Task {
                await withCheckedContinuation { waiter in
                    threads.submit(
                        .init(
                            cancellation: Cancellation(),
                            work: {
                                release.wait()
                                return .failure(.outOfMemory)
                            }, waiter: waiter),
                        .drawing, ImageBatch(owner: "\(number)"))
                }
            }
        }
        for _ in 0..<20 {
            let result = await withCheckedContinuation { waiter in
                threads.submit(
                    .init(cancellation: Cancellation(), work: { .failure(.empty) }, waiter: waiter), .computing,
                    ImageBatch(owner: "plots"))
            }
            #expect(result == .failure(.empty))
        }
        for _ in drawings { release.signal() }
        for drawing in drawings { #expect(await drawing.value == .failure(.outOfMemory)) }
        threads.stop()
    }
}
