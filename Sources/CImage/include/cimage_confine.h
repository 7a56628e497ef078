#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What a confined process may still do.
typedef enum __attribute__((enum_extensibility(closed))) {
    /// It may compute, and read and write the descriptors that it has.
    cimage_confinement_computing = 0,
    /// It may also start threads, and read fonts as fontconfig and FreeType do for a drawing.
    cimage_confinement_drawing,
} cimage_confinement;

/// The kinds of confinement that this kernel does not have or does not allow.
enum { cimage_gap_seccomp = 1, cimage_gap_landlock = 2 };

/// Finds the gaps without confining anything.
uint32_t cimage_confinement_gaps(void);

/// Prepares a decoder process: it will die with its parent, and is called `name` (at most 15 bytes). Call it first.
void cimage_prepare_decoder(const char *_Nonnull name);

/// Confines the calling process for good, which must have no other thread.
///
/// Everything that opens files must have run once before: font configuration, modules, the detection of the processor.
///
/// - memory: bytes of address space on top of what is in use.
/// - Returns: the gaps. The limits on memory, files and descriptors hold in any case.
uint32_t cimage_confine(cimage_confinement confinement, size_t memory);

/// Makes a system call, whose number and arguments are `words`: for tests of what a confined process may do.
///
/// - Returns: `errno`; 0 for a call that succeeded.
int cimage_try_call(const long words[_Nonnull 7]);

/// Nanoseconds of processor time that a process has used. It also works for a process that has ended and was not reaped
/// yet. Zero if the kernel does not say.
int64_t cimage_processor_time(pid_t process);

/// Makes SIGPROF end the process once it has used that much more processor time. Zero removes the limit.
void cimage_limit_processor_time(uint32_t milliseconds);
