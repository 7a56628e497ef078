#pragma once
// What glibc (2.34 and later) declares under _GNU_SOURCE only, without which Swift's view of it is built.
#include <asm/unistd.h>
#include <spawn.h>
#include <stddef.h>
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *_Nonnull actions, int from);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *_Nonnull actions, const char *_Nonnull path);
void *_Nullable memmem(const void *_Nonnull bytes, size_t count, const void *_Nonnull pattern, size_t patternCount);
/// Of <sys/socket.h>, where it is a member of an enumeration without a name.
enum { cgnu_scm_rights = 1 };
enum { cgnu_spawn_setsid = 0x80 };
/// syscall(2), with two arguments. The numbers are in asm/unistd.h, and Glibc has not even those.
extern long cgnu_syscall(long number, unsigned long first, unsigned long second) __asm__("syscall");
