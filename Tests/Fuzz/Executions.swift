@testable import E2B

/// An execution's stream says the same however it is cut.
enum Executions {
    private struct Outcome: Equatable {
        var events: [ExecutionEvent] = []
        var error: E2BError?
    }

    /// Bytes. Short lines are what small inputs can be over.
    private static let lineLimit = 1500

    static func check(_ bytes: [UInt8]) throws(Violation) {
        let whole = outcome(bytes) { $0 }
        var random = UInt64(bytes.count)
        let cuts: [(String, (Int) -> Int)] = [
            ("bytes", { _ in 1 }), ("sevens", { min($0, 7) }),
            (
                "random chunks",
                {
                    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return 1 + Int(random >> 33) % $0
                }
            ),
        ]
        for (name, size) in cuts {
            let cut = outcome(bytes, size)
            try require(cut == whole, "in \(name): \(cut)\nin one: \(whole)")
        }
    }

    /// - Parameter size: of the next chunk, of so many bytes that are left.
    private static func outcome(_ bytes: [UInt8], _ size: (Int) -> Int) -> Outcome {
        var outcome = Outcome()
        var reader = ExecutionReader(lineLimit: lineLimit)
        do throws(E2BError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = size(rest.count)
                reader.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
                while let event = try reader.next() { outcome.events.append(event) }
            }
            if let event = try reader.finish() { outcome.events.append(event) }
        } catch {
            outcome.error = error
        }
        return outcome
    }
}
