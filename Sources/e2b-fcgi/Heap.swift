import CLinux
import Glibc

/// The settings of glibc's allocator for large blocks, such as an image or the line of text that carried the image.
enum Heap {
    /// Makes the allocator return every block of 1 MiB or more to the system when it is freed. Call this once, before
    /// the first large allocation.
    ///
    /// By default, glibc raises the threshold to the size of the first large block that is freed. It then takes blocks
    /// up to that size from its arenas, and each arena keeps the memory. There are up to 8 arenas for each core.
    static func returnLargeBlocks() {
        _ = clinux_mallopt(CInt(clinux_mmap_threshold), 1 << 20)
    }

    /// Makes all threads share one arena if the address space is limited (`ulimit -v`). Call this before the second
    /// thread starts.
    ///
    /// By default, the first allocation of a thread reserves 64 MiB of address space for an arena, up to 8 arenas for
    /// each core. The space that is left for later threads and for requests would then depend on the order in which
    /// threads start.
    static func fitAddressSpace() {
        guard addressSpace != nil else { return }
        _ = clinux_mallopt(CInt(clinux_arena_max), 1)
    }

    /// The limit of the process's address space in bytes; nil if there is none.
    static var addressSpace: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? nil : Int(clamping: limit.rlim_cur)
    }

    /// Whether `count` further bytes of address space can be mapped now.
    static func hasRoom(for count: Int) -> Bool {
        let room = mmap(nil, count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard room != MAP_FAILED else { return false }
        munmap(room, count)
        return true
    }
}
