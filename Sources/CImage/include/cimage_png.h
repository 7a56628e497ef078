#pragma once
#include <stdbool.h>

#include "cimage.h"

// libpng reports errors with longjmp, which must not cross a Swift frame. So each function below sets its own setjmp,
// calls no Swift, and leaves its object in a state that only needs to be closed. zlib, which libpng brings along, has no
// module of its own: the two functions of it that are needed are here.

/// zlib's CRC-32, which is also PNG's. Pass 0 to start.
uint32_t cimage_crc32(uint32_t crc, const uint8_t *_Nonnull bytes, size_t count);

/// zlib's one-shot inflate (RFC 1950). `count` is the room in `out`, then what was written. `malformed` unless all of the
/// input is one whole stream that fits.
cimage_status cimage_inflate(const uint8_t *_Nonnull bytes, size_t byte_count, uint8_t *_Nonnull out,
                             size_t *_Nonnull count);

// MARK: Reading

typedef struct cimage_png_reader cimage_png_reader;

/// What one pixel of a row is.
typedef enum __attribute__((enum_extensibility(closed))) {
    /// As in the file, packed: to be counted and thrown away.
    cimage_png_form_stored = 0,
    /// Grey, RGB or RGBA, straight alpha, 8 or 16 bits (native order) for each sample.
    cimage_png_form_samples,
} cimage_png_form;

typedef struct {
    uint32_t width;
    uint32_t height;
    /// 1, 3 or 4 in the form `samples`.
    uint8_t channels;
    uint8_t bits_per_sample;
    /// Bytes of a row of the whole width.
    size_t row_bytes;
} cimage_png_layout;

/// Does not copy `bytes`: they must outlive the reader. NULL if memory is short.
cimage_png_reader *_Nullable cimage_png_open(const uint8_t *_Nonnull bytes, size_t count);
void cimage_png_close(cimage_png_reader *_Nonnull reader);

/// Reads up to the first IDAT. Sides over the maximum are `too_large`. Chunk CRCs are the caller's, and of the ancillary
/// chunks only tRNS is parsed: it is the only one that shapes the samples.
cimage_status cimage_png_start(cimage_png_reader *_Nonnull reader, uint32_t max_width, uint32_t max_height,
                               cimage_png_form form, cimage_png_layout *_Nonnull layout);

/// Reads the next `count` rows, one under the other with `row_bytes` each; NULL reads and drops them.
/// The rows of an interlaced image are those of its passes, in order.
cimage_status cimage_png_read_rows(cimage_png_reader *_Nonnull reader, uint8_t *_Nullable rows, size_t row_bytes,
                                   uint32_t count);

/// After the last row: reads to the end of IEND.
/// `data_end` is where the last IDAT ends that libpng has looked into, `consumed` where IEND does.
cimage_status cimage_png_finish(cimage_png_reader *_Nonnull reader, size_t *_Nonnull data_end,
                                size_t *_Nonnull consumed);

/// One image of an interlaced one, or the whole of another.
typedef struct {
    uint32_t rows;
    /// Packed, without the filter in front.
    uint64_t row_bytes;
} cimage_png_pass;

/// Inflates the IDATs of a PNG whose chunks are in order, and makes no pixels of them: `ok` if together they are one whole
/// zlib stream of the rows of these passes, each of which has a filter that there is.
///
/// Where there is no palette, that is all that can be wrong with rows.
cimage_status cimage_png_check_rows(cimage_png_reader *_Nonnull reader, const cimage_png_pass *_Nonnull passes,
                                    size_t pass_count);

/// libpng's words for the last failure. Lives as long as the reader.
const char *_Nonnull cimage_png_message(const cimage_png_reader *_Nonnull reader);

// MARK: Writing

typedef enum __attribute__((enum_extensibility(closed))) {
    cimage_png_filter_none = 0,
    cimage_png_filter_sub,
    cimage_png_filter_up,
    /// Each row with the filter that leaves the smallest differences.
    cimage_png_filter_adaptive,
} cimage_png_filter;

typedef struct {
    /// Rows without padding, `channels` bytes for each pixel.
    const uint8_t *_Nonnull pixels;
    uint32_t width;
    uint32_t height;
    /// 1 (grey, or an index if there is a palette), 3 or 4.
    uint8_t channels;
    /// Of grey and indices: 1, 2, 4 or 8. The values must fit.
    uint8_t bit_depth;
    /// RGBA for each entry. Entries that are not opaque come first.
    const uint8_t *_Nullable palette;
    uint16_t palette_count;
    cimage_png_filter filter;
    /// zlib's, 1 to 9.
    uint8_t level;
} cimage_png_picture;

/// Writes a PNG into `out`. If it does not fit `capacity` that is `too_large`, and `count` bytes, more than the capacity,
/// hold about `rows` rows.
cimage_status cimage_png_write(const cimage_png_picture *_Nonnull picture, uint8_t *_Nonnull out, size_t capacity,
                               size_t *_Nonnull count, uint32_t *_Nonnull rows);
