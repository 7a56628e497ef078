import CLinux
import Glibc

/// How glibc's allocator treats what is large: an image, or the line of text that it came in.
enum Heap {
    /// Returns every large block to the system when it is freed. To be called once, before there is one.
    ///
    /// By default the first large block that is freed raises the threshold to its own size. Blocks up to that size then
    /// come from the heap, where each of the 8 × cores arenas that a thread may land in keeps the room for good.
    static func returnLargeBlocks() {
        _ = clinux_mallopt(CInt(clinux_mmap_threshold), 1 << 20)
    }

    /// Where the address space has a limit (`ulimit -v`), all threads share one arena. To be called before there is a second.
    ///
    /// By default a thread's first allocation reserves 64 MB for an arena, up to 8 × cores of them: what is there for threads
    /// to come, and for what requests bring, would depend on who came first.
    static func fitAddressSpace() {
        guard addressSpace != nil else { return }
        _ = clinux_mallopt(CInt(clinux_arena_max), 1)
    }

    /// Bytes that the process may map; nil for any number.
    static var addressSpace: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? nil : Int(clamping: limit.rlim_cur)
    }

    /// Whether that many further bytes could be mapped now.
    static func hasRoom(for count: Int) -> Bool {
        let room = mmap(nil, count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard room != MAP_FAILED else { return false }
        munmap(room, count)
        return true
    }
}
