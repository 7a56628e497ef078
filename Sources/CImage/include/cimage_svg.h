#pragma once
#include <stddef.h>
#include <stdint.h>

/// How drawing a document ended.
typedef enum __attribute__((enum_extensibility(closed))) {
    cimage_svg_ok = 0,
    /// librsvg refused the document; the message is its own.
    cimage_svg_malformed,
    cimage_svg_out_of_memory,
} cimage_svg_status;

/// Draws an SVG, scaled proportionally into width x height, over transparent black.
///
/// librsvg cannot be interrupted, aborts when memory runs out, and may crash, so the caller has to set limits, and to
/// run it in a process in which that does no harm. It draws on a thread with a large stack, and waits for it. It may be
/// called on several threads at once.
///
/// - rgba: 4 * width * height bytes, aligned to 4, rows from the top, straight alpha; written to in any case.
/// - message: always terminated.
cimage_svg_status cimage_svg_draw(
    const uint8_t *_Nonnull bytes, size_t count, uint32_t width, uint32_t height, uint8_t *_Nonnull rgba,
    char *_Nonnull message, size_t message_capacity);

/// Measures what an SVG shows in a viewport of this size: `extent` becomes the place and the size of the smallest
/// rectangle that holds all ink, in the document's units. It runs as `cimage_svg_draw` does, and needs the same care.
cimage_svg_status cimage_svg_measure(
    const uint8_t *_Nonnull bytes, size_t count, double width, double height, double extent[_Nonnull 4]);
