#pragma once
// Declared by glibc, absent from Swift's Glibc module. No header that Glibc has is included here: its declarations
// would move to this module.
#include <sys/epoll.h>
#include <sys/eventfd.h>

// glibc declares these only where _GNU_SOURCE came before its first header, and Swift's Glibc module comes without it.

/// accept4(2), without the peer's address.
extern int clinux_accept4(int socket, void *_Nullable address, void *_Nullable length, int flags) __asm__("accept4");
/// pipe2(2). Two descriptors.
extern int clinux_pipe2(int *_Nullable ends, int flags) __asm__("pipe2");
/// pthread_setname_np(3). At most 15 bytes.
extern int clinux_set_thread_name(unsigned long thread, const char *_Nonnull name) __asm__("pthread_setname_np");

/// POLLRDHUP of poll(2): the peer has closed its writing side.
enum { clinux_pollrdhup = 0x2000 };

/// mallopt(3), whose header includes others that Glibc has. Blocks of that many bytes are mapped, and unmapped when freed.
extern int clinux_mallopt(int parameter, int value) __asm__("mallopt");
enum { clinux_mmap_threshold = -3, clinux_arena_max = -8 };
