import Foundation
import TestSupport
import Testing

@testable import ImageGate

/// The decoder processes of the real program.
@Suite(.timeLimit(.minutes(10)))
struct ConfinementTests {
    /// 16 by 16.
    private static func webp(_ base64: String) throws -> [UInt8] {
        [UInt8](try #require(Data(base64Encoded: base64)))
    }

    // MARK: The same as without

    @Test func `what a decoder answers is what the decoders say`() async throws {
        let noise = Bitmap(300, 200, .rgb) { x, y in [UInt8(x * y & 0xFF), UInt8(x & 0xFF), UInt8(y)] }
        let large = SampleImages.png(width: 300, height: 200)
        let images: [([UInt8], ImageType)] = [
            (SampleImages.png(width: 30, height: 20), .png), (large, .png), (large.dropLast(), .png),
            (jpeg(noise), .jpeg), (jpeg(noise, isProgressive: true), .jpeg), (jpeg(noise).dropLast(9), .jpeg),
            (jpeg(noise), .png), (large + [0], .png), ([], .png), (Array("GIF89a".utf8), .png),
            (try recordedSVG("matplotlib_svg_format"), .svg), (svg("<text y='50'>g\u{e4}\u{4e2d}</text>"), .svg),
            (
                svg("<filter id='f'><feGaussianBlur stdDeviation='9'/></filter><rect filter='url(#f)' width='50'/>"),
                .svg
            ),
            (svg("<image width='50' height='50' xlink:href='data:image/png;base64,\(redPNG)'/>"), .svg),
            (SampleGIF().bytes, .gif), (SampleGIF().bytes.dropLast(), .gif),
            (
                try Self.webp(
                    "UklGRjwAAABXRUJQVlA4IDAAAAAQAgCdASoQABAAB0CWJbACdH8AGEfU3miAAP7aXQQZppPEmwZf/IUdtYc3Jl9CAAA="),
                .webp
            ),
            (try Self.webp("UklGRh4AAABXRUJQVlA4TBEAAAAvD8ADAAdQhCb0oP+BiOh/AAA="), .webp),
            (svg("<unclosed>"), .svg), (svg("<!ENTITY a 'b'>"), .svg),
            (svg("<image href='data:image/png;base64,\(hugePNG)'/>"), .svg),
        ]
        for treatment in [ImagePolicy.SVGTreatment.rasterise, .sanitise] {
            var policy = ImagePolicy.box(100, 200, budget: 20_000)
            policy.svg = treatment
            let gate = ConfinedGate(policy)
            for (bytes, type) in images {
                let expected = Result { () throws(ImageGateError) in try admit(bytes, type, policy: gate.policy) }
                #expect(await gate.result(bytes, type) == expected)
            }
            #expect(gate.notices.isEmpty)
            #expect(gate.decoders.count == (treatment == .rasterise ? 2 : 1))
        }
    }

    @Test func `many images batch few decoders`() async throws {
        let gate = ConfinedGate(.box(40, 60), threads: 3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for side in 50..<100 {
                group.addTask {
                    let image = try await gate.admit(SampleImages.png(width: side, height: side))
                    #expect((image.originalWidth, image.width) == (side, 40))
                }
            }
            try await group.waitForAll()
        }
        #expect((1...3).contains(gate.decoders.count))
    }

    // MARK: What a decoder is left with

    @Test func `a decoder can compute and nothing else`() async throws {
        let gate = ConfinedGate()
        _ = try await gate.admit(SampleImages.png(width: 4, height: 4))
        _ = try await gate.admit(svg("<text y='9'>x</text>"), .svg)
        let decoders = gate.decoders
        #expect(decoders.count == 2)
        for decoder in decoders {
            for thread in decoder.threadStatuses {
                #expect(thread.contains("\nNoNewPrivs:\t1\n") && thread.contains("\nSeccomp:\t2\n"))
            }
            // Pango asks fontconfig in a thread, which ends a moment after the drawing is sent.
            try await eventually("a decoder at rest with one thread") {
                decoder.threadStatuses.count == 1 && decoder.descriptors.count == 1
            }
            let descriptors = decoder.descriptors
            #expect(descriptors.count == 1 && descriptors["0"]?.hasPrefix("socket:") == true, "\(descriptors)")
            let limits = decoder.text("limits")
            #expect(limits.contains(#/\nMax core file size +0 +0 /#) && limits.contains(#/\nMax file size +0 +0 /#))
            #expect(limits.contains(#/\nMax open files +(1|64) +(1|64) /#))
            let isLimited = limits.contains(#/\nMax address space +\d+ +\d+ /#)
            #expect(isLimited || Sanitizer.isWatchingAddresses)
            // A session of its own: no terminal's signals. No variable with a secret in it.
            #expect(getsid(decoder.pid) == decoder.pid)
            #expect(!decoder.text("environ").split(separator: "\0").contains { $0.hasPrefix("PATH=") })
        }
        #expect(Set(decoders.map { $0.text("comm") }) == ["e2b-fcgi-decode\n", "e2b-fcgi-draw\n"])
    }

    // MARK: What goes wrong

    @Test func `a decoder that is killed takes one image with it`() async throws {
        let gate = ConfinedGate()
        let (decoder, task) = try await gate.begin(VastPNG.make())
        decoder.signal(SIGKILL)
        #expect(await task.value == .failure(.decoderCrashed(.png)))
        #expect(gate.notices == ["an image is rejected: the decoder of PNG was ended by signal 9, Killed"])
        #expect(try await gate.admit(SampleImages.png(width: 4, height: 4)).width == 4)
        #expect(!decoder.isAlive && gate.decoders.count == 1)
    }

    @Test func `a decoder that dies without work is no image's fault`() async throws {
        let gate = ConfinedGate()
        for _ in 0..<3 {
            _ = try await gate.admit(SampleImages.png(width: 4, height: 4))
            let decoder = try #require(gate.decoders.first)
            decoder.signal(SIGKILL)
            try await eventually("its end") { !decoder.isAlive }
        }
        #expect(gate.notices.isEmpty)
    }

    @Test func `a decoder that hangs is ended at the deadline`() async throws {
        let gate = ConfinedGate { $0.deadline = .seconds(5) }
        _ = try await gate.admit(SampleImages.png(width: 4, height: 4))
        let decoder = try #require(gate.decoders.first)
        decoder.signal(SIGSTOP)
        try await eventually("its stop") { decoder.isStopped }
        // More than the socket holds, so that the gate waits for its request to be read, too.
        let result = await gate.result(SampleImages.png(width: 500, height: 500))
        #expect(result == .failure(.decoderTooSlow(.png)))
        #expect(gate.notices == ["an image is rejected: the decoder of PNG was ended: it took too long"])
        #expect(!decoder.isAlive)
        #expect(try await gate.admit(SampleImages.png(width: 4, height: 4)).width == 4)
    }

    @Test func `computing has an end`() async throws {
        let gate = ConfinedGate { $0.processorTime = .milliseconds(200) }
        #expect(await gate.result(try await VastPNG.make()) == .failure(.decoderTooSlow(.png)))
        #expect(gate.notices.count == 1)
        // Each image has the time anew.
        for _ in 0..<3 { #expect(try await gate.admit(SampleImages.png(width: 4, height: 4)).width == 4) }
    }

    @Test func `the images of one execution have processor time together`() async throws {
        let gate = ConfinedGate(threads: 2) {
            ($0.processorTime, $0.batchTime) = (.milliseconds(400), .milliseconds(600))
        }
        let bytes = try await VastPNG.make()
        let batch = ImageBatch(owner: "a")
        let results = await withTaskGroup(of: AdmissionResult.self) { group in
            for _ in 0..<3 { group.addTask { await gate.result(bytes, in: batch) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { $0 == .failure(.decoderTooSlow(.png)) } == 2)
        #expect(results.count { $0 == .failure(.noTimeLeft) } == 1)
        // By the kernel's account, which counts in ticks.
        #expect(batch.left(of: .milliseconds(600)) > .milliseconds(-300))
        #expect(await gate.result(SampleImages.png(width: 4, height: 4), in: batch) == .failure(.noTimeLeft))
        // Another execution has its own, of the same owner as well.
        let other = ImageBatch(owner: "a")
        for _ in 0..<3 {
            guard case .success = await gate.result(SampleImages.png(width: 4, height: 4), in: other) else {
                Issue.record("an image of another execution is rejected")
                return
            }
        }
    }

    @Test func `an image that nobody waits for is left at once`() async throws {
        let gate = ConfinedGate()
        let (decoder, task) = try await gate.begin(VastPNG.make())
        task.cancel()
        #expect(await task.value == .failure(.cancelled))
        #expect(!decoder.isAlive)
        #expect(try await gate.admit(SampleImages.png(width: 4, height: 4)).width == 4)
        #expect(gate.notices.isEmpty)
    }

    @Test(arguments: ["/nonexistent/e2b-fcgi", "/usr/bin/true", "/usr/bin/cat"])
    func `a decoder that cannot be started is a rejection`(executable: String) async throws {
        let gate = ConfinedGate { $0.executable = executable }
        let result = await gate.result(SampleImages.png(width: 4, height: 4))
        #expect(result == .failure(.decoderUnavailable))
        #expect(gate.notices.count == 1)
        #expect(gate.notices.first?.contains("the decoder of PNG cannot be started: ") == true, "\(gate.notices)")
    }

    @Test func `no decoder outlives its gate`() async throws {
        let policy: ImagePolicy
        do {
            let gate = ConfinedGate(threads: 2)
            policy = gate.policy
            _ = try await gate.admit(SampleImages.png(width: 4, height: 4))
            #expect(gate.decoders.count == 1)
        }
        try await eventually("the decoder's end") { ConfinedGate.decoders(policy).isEmpty }
    }
}
