#pragma once
#include <stddef.h>
#include <stdint.h>

/// What became of one drawing.
typedef enum __attribute__((enum_extensibility(closed))) {
    cimage_svg_ok = 0,
    /// librsvg refused the document; the message is its own.
    cimage_svg_malformed,
    cimage_svg_out_of_memory,
    cimage_svg_out_of_time,
    /// The process that drew was killed by a signal.
    cimage_svg_crashed,
} cimage_svg_status;

/// What one drawing may take.
typedef struct {
    uint32_t milliseconds;
    /// Address space on top of what the calling process has, in bytes.
    size_t memory;
} cimage_svg_limits;

/// Draws an SVG, scaled proportionally into width x height, over transparent black.
///
/// A child process draws. librsvg cannot be interrupted, aborts when memory runs out, and may crash: none of this reaches
/// the caller, and the limits are the kernel's. Blocks until the child has ended; safe on several threads at once.
///
/// - rgba: 4 * width * height bytes, rows from the top, straight alpha; written only for cimage_svg_ok.
/// - message: always terminated.
cimage_svg_status cimage_svg_draw(
    const uint8_t *_Nonnull bytes, size_t count, uint32_t width, uint32_t height, cimage_svg_limits limits,
    uint8_t *_Nonnull rgba, char *_Nonnull message, size_t message_capacity);
