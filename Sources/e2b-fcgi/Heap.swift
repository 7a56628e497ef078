import CLinux

/// How glibc's allocator treats what is large: an image, or the line of text that it came in.
enum Heap {
    /// Returns every large block to the system when it is freed. To be called once, before there is one.
    ///
    /// By default the first large block that is freed raises the threshold to its own size. Blocks up to that size then
    /// come from the heap, where each of the 8 × cores arenas that a thread may land in keeps the room for good.
    static func returnLargeBlocks() {
        _ = clinux_mallopt(CInt(clinux_mmap_threshold), 1 << 20)
    }
}
