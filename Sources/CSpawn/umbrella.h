#pragma once
// What spawn.h declares under _GNU_SOURCE only, which Swift's view of glibc is built without. glibc 2.34.
#include <spawn.h>
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *_Nonnull actions, int from);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *_Nonnull actions, const char *_Nonnull path);
enum { cspawn_setsid = 0x80 };
