import Foundation
import Synchronization
import System
import TestSupport

@testable import ImageGate

/// A gate whose decoders are the real program's, and can be told from those of other tests.
struct ConfinedGate: Sendable {
    let gate: ImageGate
    let policy: ImagePolicy
    private let told: Notices

    private final class Notices: Sendable {
        let lines = Mutex<[String]>([])
    }

    init(
        _ policy: ImagePolicy = .transparent, threads: Int = 1,
        _ change: (inout DecoderConfiguration) -> Void = { _ in }
    ) {
        let told = Notices()
        var confinement = DecoderConfiguration { line in told.lines.withLock { $0.append(line) } }
        confinement.executable = Binaries.responder.path
        // What a debug build takes, beside others that compute.
        (confinement.processorTime, confinement.batchTime) = (.seconds(20), .seconds(60))
        change(&confinement)
        // A limit that no other gate has ends up among the arguments of its decoders.
        var policy = policy
        policy.inputByteLimit -= Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        self.policy = policy
        self.told = told
        do throws(SystemError) {
            gate = try ImageGate(policy: policy, threads: threads, decoding: .confined(confinement))
        } catch {
            // No test of any gate could go on.
            preconditionFailure("\(error)")
        }
    }

    private static let count = Atomic(0)

    var notices: [String] { told.lines.withLock { $0 } }

    var decoders: [DecodingProcess] { Self.decoders(policy) }

    /// Also when the gate is gone.
    static func decoders(_ policy: ImagePolicy) -> [DecodingProcess] {
        DecodingProcess.of(getpid(), argument: String(policy.decodingMemory))
    }

    func admit(_ bytes: [UInt8], _ type: ImageType = .png) async throws(ImageGateError) -> AdmittedImage {
        try await gate.admit(bytes, claimed: type)
    }

    func result(
        _ bytes: [UInt8], _ type: ImageType = .png, in batch: ImageBatch? = nil
    ) async -> AdmissionResult {
        do throws(ImageGateError) {
            return .success(try await gate.admit(bytes, claimed: type, in: batch))
        } catch {
            return .failure(error)
        }
    }

    /// The only decoder, stopped in the midst of decoding `bytes`; and the task that waits for the image.
    func begin(
        _ bytes: [UInt8]
    ) async throws -> (decoder: DecodingProcess, task: Task<AdmissionResult, Never>) {
        _ = try await admit(SampleImages.png(width: 4, height: 4))
        guard let decoder = decoders.first else { throw HarnessError.unreadable("the gate's decoder") }
        let before = decoder.processorTime
        let task = Task { await result(bytes) }
        // By a thread of its own: beside tests that compute, a task would come when all is over.
        await withCheckedContinuation { begun in
            onThread {
                while decoder.isAlive, decoder.processorTime <= before + 5 { usleep(1000) }
                decoder.signal(SIGSTOP)
                begun.resume()
            }
        }
        return (decoder, task)
    }
}

/// A PNG of 9,000 by 9,000 pixels in 80 kB, which takes seconds.
enum VastPNG {
    static func make() async throws -> [UInt8] {
        let lines = try await Script.run("vast_png.py")
        guard let line = lines.first, let data = Data(base64Encoded: String(line)) else {
            throw HarnessError.unreadable("vast_png.py")
        }
        return [UInt8](data)
    }
}
