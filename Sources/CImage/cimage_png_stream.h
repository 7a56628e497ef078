#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

// The compressed stream of a PNG (the data of its IDATs, one after the other), and the rows in it. libpng reads the same;
// this is for the common forms of large images, because it copies less, and because zlib's own checksum takes a fifth of
// the time. Nothing here jumps.

typedef struct {
    /// The file, whose chunks are in order.
    const uint8_t *bytes;
    size_t count;
    /// Where the next chunk starts.
    size_t offset;
    z_stream stream;
    bool has_begun;
    uint32_t adler;
    /// Z_OK while there is more, Z_STREAM_END after a whole stream with nothing behind it, or an error.
    int status;
    const char *message;
} cimage_png_stream;

/// `stream` is all zeros before.
void cimage_png_stream_open(cimage_png_stream *stream, const uint8_t *bytes, size_t count);
void cimage_png_stream_close(cimage_png_stream *stream);

/// Inflates up to `capacity` bytes, and fewer only if `status` is not Z_OK afterwards.
size_t cimage_png_stream_inflate(cimage_png_stream *stream, uint8_t *out, size_t capacity);

/// Reads on to the end. False if there are more bytes, or if something is wrong.
bool cimage_png_stream_finish(cimage_png_stream *stream);

/// Takes back the filter of a row. PNG Third Edition, section 9.2.
///
/// `above` is the row above, and may be `out` itself. `pixel_bytes` is 1, 3 or 4.
void cimage_png_unfilter(uint8_t filter, const uint8_t *in, const uint8_t *above, uint8_t *out, size_t count,
                         unsigned pixel_bytes);
