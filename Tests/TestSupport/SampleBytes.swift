/// Bytes in which a shift, a gap or a repetition shows: a pattern of 251, a prime, that no buffer's size divides by.
///
/// Copied, not computed: in a debug build a loop over megabytes would hold a thread of the cooperative pool for seconds.
package func sampleBytes(_ count: Int) -> [UInt8] {
    let pattern = (0..<251).map { UInt8($0) }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        while initialized < count {
            let part = min(pattern.count, count - initialized)
            _ = buffer[initialized...].update(fromContentsOf: pattern[..<part])
            initialized += part
        }
    }
}
