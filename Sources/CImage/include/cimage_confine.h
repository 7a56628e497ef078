#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What a confined process may still do.
typedef enum __attribute__((enum_extensibility(closed))) {
    /// Compute on what it reads from the descriptors that it has.
    cimage_confinement_computing = 0,
    /// That, on several threads; and read fonts, as fontconfig and FreeType do for a drawing.
    cimage_confinement_drawing,
} cimage_confinement;

/// What this kernel does not have or does not allow.
enum { cimage_gap_seccomp = 1, cimage_gap_landlock = 2 };

/// The gaps, before anything is confined.
uint32_t cimage_confinement_gaps(void);

/// To be called first: the process dies with its parent, and is called `name` (at most 15 bytes).
void cimage_prepare_decoder(const char *_Nonnull name);

/// Confines the calling process for good, which must have no other thread.
///
/// Before, all that opens files must have run once: font configuration, modules, the detection of the processor.
///
/// - memory: bytes of address space on top of what is in use.
/// - Returns: the gaps. The limits hold in any case.
uint32_t cimage_confine(cimage_confinement confinement, size_t memory);

/// Makes a system call, whose number and arguments are `words`: for tests of what a confined process may do.
///
/// - Returns: `errno`; 0 for a call that succeeded.
int cimage_try_call(const long words[_Nonnull 7]);

/// Nanoseconds of processor time that a process has used, one that has ended and was not waited for as well. Zero if the
/// kernel does not say.
int64_t cimage_processor_time(pid_t process);

/// The process ends by SIGPROF when it has used that much processor time from now on. Zero: no limit.
void cimage_limit_processor_time(uint32_t milliseconds);
