#pragma once
#include <stddef.h>

/// A library of this module.
typedef struct {
    const char *_Nonnull name;
    /// What it says itself while the program runs, which may be later than what the program was built with.
    const char *_Nonnull version;
} cimage_library;

enum { cimage_library_count = 5 };

/// - index: below `cimage_library_count`.
cimage_library cimage_library_at(int index);
