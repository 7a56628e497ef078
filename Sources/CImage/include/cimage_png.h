#pragma once
#include <stdbool.h>

#include "cimage.h"

// libpng reports errors with longjmp, which must not cross a Swift frame. So each function below calls setjmp itself,
// calls no Swift, and leaves its object in a state in which it only needs to be closed. zlib, which comes with libpng,
// has no module of its own; the two functions of it that are needed are here.

/// zlib's CRC-32, which is also PNG's. Pass 0 to start.
uint32_t cimage_crc32(uint32_t crc, const uint8_t *_Nonnull bytes, size_t count);

/// Inflates a whole zlib stream (RFC 1950). `count` is the capacity of `out` before, and the number of bytes written
/// after. The result is `malformed` unless all of the input is one whole stream that fits.
cimage_status cimage_inflate(const uint8_t *_Nonnull bytes, size_t byte_count, uint8_t *_Nonnull out,
                             size_t *_Nonnull count);

/// Inflates the first member of a gzip file (RFC 1952). `count` is as above. The result is `too_large` if it does not
/// fit.
cimage_status cimage_gunzip(const uint8_t *_Nonnull bytes, size_t byte_count, uint8_t *_Nonnull out,
                            size_t *_Nonnull count);

// MARK: Reading

typedef struct cimage_png_reader cimage_png_reader;

/// What one pixel of a row is.
typedef enum __attribute__((enum_extensibility(closed))) {
    /// As in the file, packed. For rows that are checked and dropped.
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

/// Opens a PNG without copying `bytes`, which must outlive the reader. NULL if memory is short.
cimage_png_reader *_Nullable cimage_png_open(const uint8_t *_Nonnull bytes, size_t count);
void cimage_png_close(cimage_png_reader *_Nonnull reader);

/// Reads up to the first IDAT. Sides over the maximum are an error. The caller has to check the CRCs. Of the ancillary
/// chunks only tRNS is parsed, because no other affects the samples.
cimage_status cimage_png_start(cimage_png_reader *_Nonnull reader, uint32_t max_width, uint32_t max_height,
                               cimage_png_form form, cimage_png_layout *_Nonnull layout);

/// Reads the next `count` rows, one under the other with `row_bytes` each; NULL reads and drops them.
/// The rows of an interlaced image are those of its passes, in order.
///
/// The next call reads the last row once more, so it has to be unchanged then.
cimage_status cimage_png_read_rows(cimage_png_reader *_Nonnull reader, uint8_t *_Nullable rows, size_t row_bytes,
                                   uint32_t count);

/// Whether `cimage_png_finish` checks the whole compressed stream.
bool cimage_png_checks_stream(const cimage_png_reader *_Nonnull reader);

/// Whether a row that was read has an index past the palette, which browsers show as black, and other viewers do not.
bool cimage_png_is_past_palette(const cimage_png_reader *_Nonnull reader);

/// After the last row: reads to the end of IEND.
/// `data_end` is where the last IDAT ends that libpng has looked into, `consumed` where IEND does.
cimage_status cimage_png_finish(cimage_png_reader *_Nonnull reader, size_t *_Nonnull data_end,
                                size_t *_Nonnull consumed);

/// One pass of an interlaced image, or the whole of another image.
typedef struct {
    uint32_t rows;
    /// The bytes of a packed row, without its filter byte.
    uint64_t row_bytes;
} cimage_png_pass;

/// Inflates the IDATs of a PNG whose chunks are in order, without making pixels of them. The result is `ok` if together
/// they are one whole zlib stream of the rows of these passes, each with a valid filter byte.
///
/// Nothing else can be wrong with rows, except that indices may be past the palette.
cimage_status cimage_png_check_rows(cimage_png_reader *_Nonnull reader, const cimage_png_pass *_Nonnull passes,
                                    size_t pass_count);

/// libpng's message for the last failure. It lives as long as the reader.
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
    /// Of grey samples and indices: 1, 2, 4 or 8 bits. The values must fit.
    uint8_t bit_depth;
    /// RGBA for each entry. Entries that are not opaque come first.
    const uint8_t *_Nullable palette;
    uint16_t palette_count;
    cimage_png_filter filter;
    /// zlib's, 1 to 9.
    uint8_t level;
} cimage_png_picture;

/// Writes a PNG into `out`. If it does not fit `capacity`, the result is `too_large`; `count` is then more than the
/// capacity, and about the number of bytes that the first `rows` rows take.
cimage_status cimage_png_write(const cimage_png_picture *_Nonnull picture, uint8_t *_Nonnull out, size_t capacity,
                               size_t *_Nonnull count, uint32_t *_Nonnull rows);
