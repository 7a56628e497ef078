#include "cimage_png_stream.h"

#include <png.h>
#include <string.h>

// MARK: Adler-32

static const uint32_t adler_base = 65521;

enum {
    lanes = 16,
    /// The largest number of groups of lanes whose sums fit 32 bits.
    groups = 5552,
};

/// RFC 1950, section 9. In lanes, so that the compiler vectorises it.
static uint32_t adler(uint32_t adler, const uint8_t *bytes, size_t count) {
    uint64_t sum = adler & 0xffff, sum_of_sums = adler >> 16;
    while (count > 0) {
        size_t whole = count / lanes < groups ? count / lanes : groups;
        uint32_t lane[lanes] = {0}, lane_of_sums[lanes] = {0};
        for (size_t group = 0; group < whole; group++, bytes += lanes) {
            for (int i = 0; i < lanes; i++) lane[i] += bytes[i];
            for (int i = 0; i < lanes; i++) lane_of_sums[i] += lane[i];
        }
        // A byte counts in the second sum as often as there are bytes from it to the end.
        sum_of_sums += sum * whole * lanes;
        for (int i = 0; i < lanes; i++) {
            sum += lane[i];
            sum_of_sums += (uint64_t)lane_of_sums[i] * lanes - (uint64_t)lane[i] * i;
        }
        count -= whole * lanes;
        if (whole == 0) {
            for (; count > 0; count--) {
                sum += *bytes++;
                sum_of_sums += sum;
            }
        }
        sum %= adler_base;
        sum_of_sums %= adler_base;
    }
    return (uint32_t)(sum_of_sums << 16 | sum);
}

// MARK: The stream

void cimage_png_stream_open(cimage_png_stream *stream, const uint8_t *bytes, size_t count) {
    stream->bytes = bytes;
    stream->count = count;
    stream->offset = 8;
    stream->adler = 1;
    stream->status = Z_OK;
}

void cimage_png_stream_close(cimage_png_stream *stream) {
    if (stream->has_begun) inflateEnd(&stream->stream);
    stream->has_begun = false;
}

static void fail(cimage_png_stream *stream, int status, const char *message) {
    stream->status = status;
    stream->message = message;
}

/// Goes on to the next IDAT that is not empty.
static bool next_data(cimage_png_stream *stream) {
    while (stream->offset + 12 <= stream->count) {
        const uint8_t *chunk = stream->bytes + stream->offset;
        const uint32_t length = png_get_uint_32(chunk);
        if (length > stream->count - stream->offset - 12) return false;
        stream->offset += (size_t)length + 12;
        if (length == 0 || memcmp(chunk + 4, "IDAT", 4) != 0) continue;
        stream->stream.next_in = (Bytef *)chunk + 8;
        stream->stream.avail_in = length;
        return true;
    }
    return false;
}

/// The next byte; -1 if there is none.
static int next_byte(cimage_png_stream *stream) {
    if (stream->stream.avail_in == 0 && !next_data(stream)) return -1;
    stream->stream.avail_in--;
    return *stream->stream.next_in++;
}

/// Reads the header. zlib gets the rest as a raw stream, so that it computes no checksum.
static void begin(cimage_png_stream *stream) {
    const int method = next_byte(stream), flags = next_byte(stream);
    if (method < 0 || flags < 0) return fail(stream, Z_DATA_ERROR, "its data ends early");
    const bool is_known = (method & 15) == 8 && method >> 4 <= 7 && (flags & 0x20) == 0;
    if (!is_known || (method << 8 | flags) % 31 != 0) return fail(stream, Z_DATA_ERROR, "incorrect header check");
    // The window is as large as the stream declares. A stream that needs a larger one works in some decoders only.
    if (inflateInit2(&stream->stream, -((method >> 4) + 8)) != Z_OK) return fail(stream, Z_MEM_ERROR, "out of memory");
    stream->has_begun = true;
}

static void check_end(cimage_png_stream *stream) {
    uint32_t stated = 0;
    for (int i = 0; i < 4; i++) {
        const int byte = next_byte(stream);
        if (byte < 0) return fail(stream, Z_DATA_ERROR, "its data ends early");
        stated = stated << 8 | (uint32_t)byte;
    }
    if (stated != stream->adler) return fail(stream, Z_DATA_ERROR, "incorrect data check");
    if (next_byte(stream) >= 0) fail(stream, Z_DATA_ERROR, "its data is not that of its rows");
}

size_t cimage_png_stream_inflate(cimage_png_stream *stream, uint8_t *out, size_t capacity) {
    if (!stream->has_begun && stream->status == Z_OK) begin(stream);
    z_stream *raw = &stream->stream;
    size_t written = 0;
    while (stream->status == Z_OK && written < capacity) {
        if (raw->avail_in == 0 && !next_data(stream)) {
            fail(stream, Z_DATA_ERROR, "its data ends early");
            break;
        }
        // zlib counts in 32 bits.
        const size_t room = capacity - written < 1 << 30 ? capacity - written : 1 << 30;
        raw->next_out = out + written;
        raw->avail_out = (uInt)room;
        const int status = inflate(raw, Z_NO_FLUSH);
        const size_t count = room - raw->avail_out;
        stream->adler = adler(stream->adler, out + written, count);
        written += count;
        if (status == Z_STREAM_END) {
            stream->status = Z_STREAM_END;
            check_end(stream);
        } else if (status != Z_OK && !(status == Z_BUF_ERROR && raw->avail_in == 0)) {
            fail(stream, status, raw->msg != NULL ? raw->msg : "its data does not inflate");
        }
    }
    return written;
}

bool cimage_png_stream_finish(cimage_png_stream *stream) {
    uint8_t more;
    if (cimage_png_stream_inflate(stream, &more, 1) > 0) {
        fail(stream, Z_DATA_ERROR, "its data is not that of its rows");
    }
    return stream->status == Z_STREAM_END;
}

// MARK: Filters

// All samples of a pixel are computed together. A pixel of three bytes is loaded with the byte behind it, except the last
// one, behind which there may be nothing.

typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int16_t words4 __attribute__((vector_size(8)));

static inline bytes4 load(const uint8_t *from, size_t count) {
    bytes4 pixel = {0};
    memcpy(&pixel, from, count);
    return pixel;
}

static inline words4 widened(bytes4 pixel) { return __builtin_convertvector(pixel, words4); }

static inline bytes4 narrowed(words4 pixel) {
    const words4 low = {255, 255, 255, 255};
    return __builtin_convertvector(pixel & low, bytes4);
}

static inline words4 magnitude(words4 value) {
    const words4 is_negative = value < 0;
    return (value ^ is_negative) - is_negative;
}

static inline words4 paeth(words4 left, words4 above, words4 corner) {
    const words4 to_left = magnitude(above - corner), to_above = magnitude(left - corner);
    const words4 to_corner = magnitude((above - corner) + (left - corner));
    const words4 is_left = (to_left <= to_above) & (to_left <= to_corner);
    const words4 is_above = ~is_left & (to_above <= to_corner);
    return (left & is_left) | (above & is_above) | (corner & ~(is_left | is_above));
}

/// Three or four bytes a pixel. `filter` is known when this is compiled.
static inline __attribute__((always_inline)) void unfilter_pixels(int filter, const uint8_t *in, const uint8_t *above,
                                                                  uint8_t *out, size_t count, const size_t size) {
    bytes4 left = {0};
    words4 wide_left = {0}, corner = {0};
    for (size_t i = 0; i < count; i += size) {
        const size_t loaded = i + size < count ? 4 : size;
        const bytes4 pixel = loaded == 4 ? load(in + i, 4) : load(in + i, size);
        if (filter == PNG_FILTER_VALUE_SUB) {
            left += pixel;
        } else {
            const words4 up = widened(loaded == 4 ? load(above + i, 4) : load(above + i, size));
            if (filter == PNG_FILTER_VALUE_AVG) {
                left = narrowed(((wide_left + up) >> 1) + widened(pixel));
            } else {
                left = narrowed(paeth(wide_left, up, corner) + widened(pixel));
            }
            wide_left = widened(left);
            corner = up;
        }
        memcpy(out + i, &left, size);
    }
}

static void unfilter_bytes(int filter, const uint8_t *in, const uint8_t *above, uint8_t *out, size_t count) {
    uint8_t left = 0, corner = 0;
    for (size_t i = 0; i < count; i++) {
        const int up = above[i];
        int guess = left;
        if (filter == PNG_FILTER_VALUE_AVG) guess = (left + up) / 2;
        if (filter == PNG_FILTER_VALUE_PAETH) {
            int to_left = up - corner, to_above = left - corner, to_corner = to_left + to_above;
            to_left = to_left < 0 ? -to_left : to_left;
            to_above = to_above < 0 ? -to_above : to_above;
            to_corner = to_corner < 0 ? -to_corner : to_corner;
            guess = to_left <= to_above && to_left <= to_corner ? left : to_above <= to_corner ? up : corner;
        }
        corner = (uint8_t)up;
        out[i] = left = (uint8_t)(in[i] + guess);
    }
}

static void unfilter_up(const uint8_t *in, const uint8_t *above, uint8_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(in[i] + above[i]);
}

void cimage_png_unfilter(uint8_t filter, const uint8_t *in, const uint8_t *above, uint8_t *out, size_t count,
                         unsigned pixel_bytes) {
    switch (filter << 4 | pixel_bytes) {
    case PNG_FILTER_VALUE_SUB << 4 | 1: return unfilter_bytes(PNG_FILTER_VALUE_SUB, in, above, out, count);
    case PNG_FILTER_VALUE_SUB << 4 | 3: return unfilter_pixels(PNG_FILTER_VALUE_SUB, in, above, out, count, 3);
    case PNG_FILTER_VALUE_SUB << 4 | 4: return unfilter_pixels(PNG_FILTER_VALUE_SUB, in, above, out, count, 4);
    case PNG_FILTER_VALUE_AVG << 4 | 1: return unfilter_bytes(PNG_FILTER_VALUE_AVG, in, above, out, count);
    case PNG_FILTER_VALUE_AVG << 4 | 3: return unfilter_pixels(PNG_FILTER_VALUE_AVG, in, above, out, count, 3);
    case PNG_FILTER_VALUE_AVG << 4 | 4: return unfilter_pixels(PNG_FILTER_VALUE_AVG, in, above, out, count, 4);
    case PNG_FILTER_VALUE_PAETH << 4 | 1: return unfilter_bytes(PNG_FILTER_VALUE_PAETH, in, above, out, count);
    case PNG_FILTER_VALUE_PAETH << 4 | 3: return unfilter_pixels(PNG_FILTER_VALUE_PAETH, in, above, out, count, 3);
    case PNG_FILTER_VALUE_PAETH << 4 | 4: return unfilter_pixels(PNG_FILTER_VALUE_PAETH, in, above, out, count, 4);
    case PNG_FILTER_VALUE_UP << 4 | 1:
    case PNG_FILTER_VALUE_UP << 4 | 3:
    case PNG_FILTER_VALUE_UP << 4 | 4: return unfilter_up(in, above, out, count);
    default: memcpy(out, in, count);
    }
}
