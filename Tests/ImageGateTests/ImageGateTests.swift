import Testing
import TestSupport

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct ImageGateTests {
    @Test func `fifty images at once are all admitted`() async throws {
        let gate = try ImageGate(policy: .box(40, 60), threads: 3, decoding: .inProcess)
        let images = try await withThrowingTaskGroup(of: (Int, AdmittedImage).self) { group in
            for side in 50..<100 {
                group.addTask {
                    (side, try await gate.admit(SampleImages.png(width: side, height: side), claimed: .png))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(images.count == 50)
        for (side, image) in images {
            #expect((image.originalWidth, image.width, image.height) == (side, 40, 40))
        }
    }

    @Test func `a rejection comes out typed`() async throws {
        let gate = try ImageGate(policy: .init(), decoding: .inProcess)
        await #expect(throws: ImageGateError.typeMismatch(claimed: .jpeg, actual: .png)) {
            try await gate.admit(SampleImages.png(width: 1, height: 1), claimed: .jpeg)
        }
    }

    @Test func `a cancelled task is not decoded`() async throws {
        let gate = try ImageGate(policy: .init(), threads: 1, decoding: .inProcess)
        let task = Task { () throws(ImageGateError) in
            while !Task.isCancelled { await Task.yield() }
            return try await gate.admit(SampleImages.png(width: 4, height: 4), claimed: .png)
        }
        task.cancel()
        await #expect(throws: ImageGateError.cancelled) { try await task.value }
    }

    @Test func `waiting images leave the queue when their task is cancelled`() async throws {
        // One thread, kept busy by a job that ends only when all that wait behind it have been cancelled.
        let threads = try DecodingThreads.start(count: 1)
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let release = Cancellation()
        let busy = Task {
            await withCheckedContinuation { waiter in
                threads.submit(
                    .init(
                        cancellation: Cancellation(),
                        work: {
                            start.finish()
                            while (try? release.check()) != nil {}
                            return .failure(.empty)
                        }, waiter: waiter))
            }
        }
        for await _ in started {}
        let flags = (0..<20).map { _ in Cancellation() }
        let results = await withTaskGroup(of: AdmissionResult.self) { group in
            for flag in flags {
                group.addTask {
                    await withCheckedContinuation { waiter in
                        threads.submit(.init(cancellation: flag, work: { .failure(.outOfMemory) }, waiter: waiter))
                        threads.cancel(flag)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 == .failure(.cancelled) })
        release.cancel()
        #expect(await busy.value == .failure(.empty))
        threads.stop()
    }

    @Test func `a decode in progress stops when it is cancelled`() throws {
        let cancellation = Cancellation()
        let admission = Admission(policy: .init(), cancellation: cancellation)
        let png = SampleImages.png(width: 100, height: 100)
        let chunks = try PNGChunkList(png) { _ in }
        cancellation.cancel()
        #expect(throws: ImageGateError.cancelled) {
            try admission.bitmap(of: png, chunks, size: PixelSize(width: 10, height: 10))
        }
    }

    @Test func `after the end nothing is accepted`() async throws {
        let threads = try DecodingThreads.start(count: 2)
        threads.stop()
        let result = await withCheckedContinuation { waiter in
            threads.submit(.init(cancellation: Cancellation(), work: { .failure(.empty) }, waiter: waiter))
        }
        #expect(result == .failure(.cancelled))
    }

    @Test(arguments: [
        (ImageGateError.truncated(.png), "the PNG ends early"),
        (.trailingData(.png, count: 12), "12 bytes follow the end of the PNG"),
        (.trailingData(.jpeg, count: 1), "1 byte follows the end of the JPEG"),
        (.malformed(.png, why: "PNG chunk IDAT fails its CRC"), "PNG chunk IDAT fails its CRC"),
        (.tooManyPixels(width: 3, height: 4, limit: 11), "3×4 pixels, over the limit of 11 pixels"),
    ])
    func `rejections read as half sentences`(rejection: ImageGateError, words: String) {
        #expect(rejection.description == words)
    }
}
