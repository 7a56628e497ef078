// Base64 in and out, and the way of an image's line to its bytes; images.sh compiles it with the sources it measures. Prints
// GB/s of decoded bytes, 10^9 each, by CPU time, best of twenty.

internal import Glibc
internal import JSON

@main enum Benchmark {
    static func main() {
        var random = UInt64(1)
        let bytes = (0..<8_000_000).map { _ in
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: random >> 56)
        }
        let text = Base64.encode(bytes)
        let encoded = Array(text.utf8)
        let json = Array(#"{"type":"result","png":"\#(text)","is_main_result":true}"#.utf8) + [UInt8(ascii: "\n")]
        // As they come from the network.
        let chunks = stride(from: 0, to: json.count, by: 16384).map { Array(json[$0..<min($0 + 16384, json.count)]) }

        let whole = {
            var reader = ExecutionReader(lineLimit: 64 << 20)
            var image: Result<[UInt8], MalformedBase64>?
            for chunk in chunks {
                reader.append(chunk)
                while let event = try? reader.next() { if case .result(let result) = event { image = result.png } }
            }
            return (try? image?.get()) ?? []
        }
        guard whole() == bytes else { fatalError("wrong bytes") }
        let encode = speed(of: bytes.count) { Base64.encode(bytes).utf8.count }
        let decode = speed(of: bytes.count) { encoded.withUnsafeBytes(Base64.decode)?.count ?? 0 }
        let line = speed(of: bytes.count) { whole().count }
        print("encode=\(encode) decode=\(decode) line=\(line)")
    }

    /// - Parameter work: the bytes that it made are counted, so that it cannot be left out.
    private static func speed(of count: Int, _ work: () -> Int) -> String {
        var best = Double.infinity
        for _ in 0..<20 {
            let start = seconds()
            guard work() >= count else { fatalError("bytes are missing") }
            best = min(best, seconds() - start)
        }
        let tenths = Int((Double(count) / best / 1e8).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func seconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
