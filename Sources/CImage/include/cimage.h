#pragma once
#include <stddef.h>
#include <stdint.h>

/// How a call into an image library ended. Limits and messages are decided in Swift.
typedef enum __attribute__((enum_extensibility(closed))) {
    cimage_ok = 0,
    cimage_malformed,
    cimage_too_large,
    cimage_out_of_memory,
} cimage_status;
