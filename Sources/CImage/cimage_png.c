#include "cimage_png.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "cimage_png_stream.h"

uint32_t cimage_crc32(uint32_t crc, const uint8_t *bytes, size_t count) { return (uint32_t)crc32_z(crc, bytes, count); }

cimage_status cimage_inflate(const uint8_t *bytes, size_t byte_count, uint8_t *out, size_t *count) {
    uLong consumed = byte_count;
    uLongf written = *count;
    int status = uncompress2(out, &written, bytes, &consumed);
    *count = written;
    if (status == Z_MEM_ERROR) return cimage_out_of_memory;
    return status == Z_OK && consumed == byte_count ? cimage_ok : cimage_malformed;
}

cimage_status cimage_gunzip(const uint8_t *bytes, size_t byte_count, uint8_t *out, size_t *count) {
    const size_t capacity = *count;
    *count = 0;
    // zlib counts in 32 bits.
    if (byte_count > UINT32_MAX || capacity > UINT32_MAX) return cimage_too_large;
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)byte_count, .next_out = out,
                       .avail_out = (uInt)capacity};
    // 16 means gzip.
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return cimage_out_of_memory;
    int status = inflate(&stream, Z_FINISH);
    *count = capacity - stream.avail_out;
    const bool is_full = stream.avail_out == 0;
    inflateEnd(&stream);
    if (status == Z_STREAM_END) return cimage_ok;
    if (status == Z_MEM_ERROR) return cimage_out_of_memory;
    return status == Z_BUF_ERROR && is_full ? cimage_too_large : cimage_malformed;
}

enum {
    /// The size of buffers for inflated data. They are large because inflate copies a window of 32 kB at each return, and
    /// small enough for the second-level cache.
    inflated_bytes = 1 << 17,
};

struct cimage_png_reader {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count;
    size_t offset;
    bool out_of_memory;
    char message[120];
    /// The colours of an image with a palette, and one row of its indices.
    uint8_t palette[256][4];
    unsigned palette_count;
    bool is_past_palette;
    uint8_t *indices;
    uint32_t width;
    uint8_t channels;
    /// For the forms whose rows are not read by libpng. `pixel_bytes` is 0 for the others.
    unsigned pixel_bytes;
    size_t packed_row_bytes;
    uint32_t rows_left;
    cimage_png_stream stream;
    /// Inflated rows, each with its filter byte, that are still to be read, and the number of rows that fit.
    uint8_t *inflated;
    size_t capacity, inflated_count, inflated_used;
    /// The row above the next one: the last one that was read, which the caller has, or one of zeros.
    const uint8_t *above;
    /// Zeros above the first row, and afterwards the place of rows that are dropped.
    uint8_t *spare;
};

// MARK: Callbacks of libpng. One that fails does not return.

static void on_error(png_structp png, png_const_charp message) {
    cimage_png_reader *reader = png_get_error_ptr(png);
    strncpy(reader->message, message, sizeof reader->message - 1);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) { (void)png, (void)message; }

static png_voidp on_malloc(png_structp png, png_alloc_size_t count) {
    void *memory = malloc(count);
    cimage_png_reader *reader = png_get_mem_ptr(png);
    if (memory == NULL && reader != NULL) reader->out_of_memory = true;
    return memory;
}

static void on_free(png_structp png, png_voidp memory) { (void)png, free(memory); }

static void on_read(png_structp png, png_bytep out, size_t count) {
    cimage_png_reader *reader = png_get_io_ptr(png);
    if (count > reader->count - reader->offset) png_error(png, "ends early");
    memcpy(out, reader->bytes + reader->offset, count);
    reader->offset += count;
}

// MARK: Reading

cimage_png_reader *cimage_png_open(const uint8_t *bytes, size_t count) {
    cimage_png_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->bytes = bytes;
    reader->count = count;
    reader->png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning, reader, on_malloc, on_free);
    if (reader->png != NULL) reader->info = png_create_info_struct(reader->png);
    if (reader->info == NULL) {
        cimage_png_close(reader);
        return NULL;
    }
    png_set_read_fn(reader->png, reader, on_read);
    return reader;
}

void cimage_png_close(cimage_png_reader *reader) {
    cimage_png_stream_close(&reader->stream);
    free(reader->inflated);
    free(reader->spare);
    free(reader->indices);
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader);
}

const char *cimage_png_message(const cimage_png_reader *reader) { return reader->message; }

static cimage_status failure(const cimage_png_reader *reader) {
    return reader->out_of_memory ? cimage_out_of_memory : cimage_malformed;
}

static void set_limits(png_structp png, uint32_t max_width, uint32_t max_height) {
    png_set_user_limits(png, max_width, max_height);
    png_set_chunk_cache_max(png, 16);
    // Chunks that are skipped are measured against this as well, and the caller has checked that they are in the file.
    png_set_chunk_malloc_max(png, 1 << 26);
    // -1 means that all unknown ancillary chunks, and all known ones except tRNS, are skipped without being parsed.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    // Errors that libpng would tolerate with a warning, such as too much data, fail.
    png_set_benign_errors(png, 0);
    // But for an index past the palette, which is black as in browsers: libpng 1.6.48 counts that among them.
    png_set_check_for_invalid_index(png, 0);
    // The caller has checked every CRC already.
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
}

/// Indices are expanded here. One past the palette is black, as in browsers.
static void set_palette_indices(cimage_png_reader *reader) {
    png_structp png = reader->png;
    png_colorp colors = NULL;
    png_bytep alphas = NULL;
    int color_count = 0, alpha_count = 0;
    png_get_PLTE(png, reader->info, &colors, &color_count);
    png_get_tRNS(png, reader->info, &alphas, &alpha_count, NULL);
    for (int entry = 0; entry < 256; entry++) reader->palette[entry][3] = 255;
    for (int entry = 0; entry < color_count && entry < 256; entry++) {
        uint8_t alpha = entry < alpha_count ? alphas[entry] : 255;
        uint8_t rgba[4] = {colors[entry].red, colors[entry].green, colors[entry].blue, alpha};
        memcpy(reader->palette[entry], rgba, 4);
    }
    reader->palette_count = color_count;
    reader->channels = alpha_count > 0 ? 4 : 3;
    reader->width = png_get_image_width(png, reader->info);
    // The buffer is zeroed because the rows of the first passes are shorter, and the rest of it is expanded as well.
    reader->indices = calloc(reader->width, 1);
    if (reader->indices == NULL) {
        reader->out_of_memory = true;
        png_error(png, "out of memory");
    }
    png_set_packing(png);
}

static void set_samples(png_structp png, png_infop info) {
    png_set_expand(png);
    int color = png_get_color_type(png, info);
    bool has_alpha = (color & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    if (has_alpha && (color & PNG_COLOR_MASK_COLOR) == 0) png_set_gray_to_rgb(png);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (png_get_bit_depth(png, info) == 16) png_set_swap(png);
#endif
}

/// Prepares for reading the rows without libpng, if they are of whole bytes and need no conversion.
static void set_own_rows(cimage_png_reader *reader, cimage_png_form form) {
    png_structp png = reader->png;
    png_infop info = reader->info;
    const int color = png_get_color_type(png, info);
    const bool has_palette = color == PNG_COLOR_TYPE_PALETTE;
    if (png_get_bit_depth(png, info) != 8 || png_get_interlace_type(png, info) != PNG_INTERLACE_NONE) return;
    if (color == PNG_COLOR_TYPE_GRAY_ALPHA || (form == cimage_png_form_stored && !has_palette)) return;
    if (!has_palette && png_get_valid(png, info, PNG_INFO_tRNS) != 0) return;
    const size_t row_bytes = png_get_rowbytes(png, info);
    const size_t batch = row_bytes + 1 < inflated_bytes ? inflated_bytes / (row_bytes + 1) : 1;
    reader->capacity = batch;
    reader->inflated = malloc(batch * (row_bytes + 1));
    reader->spare = calloc(row_bytes, 1);
    if (reader->inflated == NULL || reader->spare == NULL) {
        reader->out_of_memory = true;
        png_error(png, "out of memory");
    }
    reader->above = reader->spare;
    reader->packed_row_bytes = row_bytes;
    reader->rows_left = png_get_image_height(png, info);
    reader->pixel_bytes = png_get_channels(png, info);
    cimage_png_stream_open(&reader->stream, reader->bytes, reader->count);
}

cimage_status cimage_png_start(cimage_png_reader *reader, uint32_t max_width, uint32_t max_height,
                               cimage_png_form form, cimage_png_layout *layout) {
    png_structp png = reader->png;
    png_infop info = reader->info;
    if (setjmp(png_jmpbuf(png))) return failure(reader);
    set_limits(png, max_width, max_height);
    png_read_info(png, info);
    bool has_palette = png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE;
    set_own_rows(reader, form);
    if (has_palette) {
        set_palette_indices(reader);
    } else if (form == cimage_png_form_samples) {
        set_samples(png, info);
    }
    png_read_update_info(png, info);
    *layout = (cimage_png_layout){
        .width = png_get_image_width(png, info),
        .height = png_get_image_height(png, info),
        .channels = has_palette ? reader->channels : png_get_channels(png, info),
        .bits_per_sample = png_get_bit_depth(png, info),
        .row_bytes = has_palette ? (size_t)reader->width * reader->channels : png_get_rowbytes(png, info),
    };
    return cimage_ok;
}

static cimage_status stream_failure(cimage_png_reader *reader) {
    const char *message = reader->stream.message;
    strncpy(reader->message, message != NULL ? message : "its data is not that of its rows", sizeof reader->message - 1);
    return reader->stream.status == Z_MEM_ERROR ? cimage_out_of_memory : cimage_malformed;
}

/// Reads a row without libpng. It leaves by longjmp as well, so that all rows fail in the same way.
static void read_own_row(cimage_png_reader *reader, uint8_t *row) {
    const size_t row_bytes = reader->packed_row_bytes;
    if (reader->inflated_used == reader->inflated_count) {
        const size_t rows = reader->rows_left < reader->capacity ? reader->rows_left : reader->capacity;
        const size_t wanted = rows * (row_bytes + 1);
        // No row is wanted after the last one.
        if (rows == 0 || cimage_png_stream_inflate(&reader->stream, reader->inflated, wanted) < wanted) {
            reader->out_of_memory = stream_failure(reader) == cimage_out_of_memory;
            png_longjmp(reader->png, 1);
        }
        reader->inflated_count = rows;
        reader->inflated_used = 0;
    }
    const uint8_t *next = reader->inflated + reader->inflated_used * (row_bytes + 1);
    if (next[0] >= PNG_FILTER_VALUE_LAST) png_error(reader->png, "bad adaptive filter value");
    uint8_t *out = row == NULL ? reader->spare : row;
    cimage_png_unfilter(next[0], next + 1, reader->above, out, row_bytes, reader->pixel_bytes);
    reader->above = out;
    reader->inflated_used++;
    reader->rows_left--;
}

static void read_row(cimage_png_reader *reader, uint8_t *row) {
    if (reader->pixel_bytes > 0) {
        read_own_row(reader, row);
    } else {
        png_read_row(reader->png, row, NULL);
    }
}

static void read_palette_row(cimage_png_reader *reader, uint8_t *row) {
    read_row(reader, reader->indices);
    uint8_t last = 0;
    for (uint32_t x = 0; x < reader->width; x++) last = reader->indices[x] > last ? reader->indices[x] : last;
    if (last >= reader->palette_count) reader->is_past_palette = true;
    if (row == NULL) return;
    for (uint32_t x = 0; x < reader->width; x++) {
        memcpy(row, reader->palette[reader->indices[x]], reader->channels);
        row += reader->channels;
    }
}

cimage_status cimage_png_read_rows(cimage_png_reader *reader, uint8_t *rows, size_t row_bytes, uint32_t count) {
    if (setjmp(png_jmpbuf(reader->png))) return failure(reader);
    for (uint32_t row = 0; row < count; row++) {
        uint8_t *out = rows == NULL ? NULL : rows + row * row_bytes;
        if (reader->indices != NULL) {
            read_palette_row(reader, out);
        } else {
            read_row(reader, out);
        }
    }
    return cimage_ok;
}

bool cimage_png_checks_stream(const cimage_png_reader *reader) { return reader->pixel_bytes > 0; }

bool cimage_png_is_past_palette(const cimage_png_reader *reader) { return reader->is_past_palette; }

cimage_status cimage_png_finish(cimage_png_reader *reader, size_t *data_end, size_t *consumed) {
    if (reader->pixel_bytes > 0) {
        if (reader->rows_left > 0 || !cimage_png_stream_finish(&reader->stream)) return stream_failure(reader);
        *data_end = *consumed = reader->count;
        return cimage_ok;
    }
    if (setjmp(png_jmpbuf(reader->png))) return failure(reader);
    // With the last row libpng has mostly read to the end of the compressed stream, and of the IDAT that holds it. If
    // the stream ends in a later IDAT than the row, libpng has read one chunk more, which need not have the end.
    *data_end = reader->offset;
    png_read_end(reader->png, NULL);
    *consumed = reader->offset;
    return cimage_ok;
}

// MARK: Checking rows without their pixels

typedef struct {
    cimage_png_stream stream;
    /// The rows of the current pass that have not begun, and the passes after it.
    cimage_png_pass pass;
    const cimage_png_pass *passes;
    size_t passes_left;
    /// The bytes until the filter byte of the next row, or until the end.
    uint64_t until_filter;
    uint8_t out[inflated_bytes];
} row_check;

/// Checks the filter bytes of the rows in the buffer. False if a row has an unknown filter, or begins after the last
/// row.
static bool are_rows(row_check *check, size_t count) {
    while (check->until_filter < count) {
        while (check->pass.rows == 0) {
            if (check->passes_left == 0) return false;
            check->pass = *check->passes++;
            check->passes_left--;
        }
        if (check->out[check->until_filter] >= PNG_FILTER_VALUE_LAST) return false;
        check->until_filter += 1 + check->pass.row_bytes;
        check->pass.rows--;
    }
    check->until_filter -= count;
    return true;
}

cimage_status cimage_png_check_rows(cimage_png_reader *reader, const cimage_png_pass *passes, size_t pass_count) {
    row_check *check = malloc(sizeof *check);
    if (check == NULL) return cimage_out_of_memory;
    memset(check, 0, offsetof(row_check, out));
    check->passes = passes;
    check->passes_left = pass_count;
    cimage_png_stream *stream = &check->stream;
    cimage_png_stream_open(stream, reader->bytes, reader->count);
    // It stops at the first wrong row, so that a decompression bomb is not inflated to its end.
    bool is_right = true;
    while (is_right && stream->status == Z_OK) {
        is_right = are_rows(check, cimage_png_stream_inflate(stream, check->out, sizeof check->out));
    }
    const int status = stream->status;
    bool is_whole = is_right && status == Z_STREAM_END && check->until_filter == 0 && check->pass.rows == 0 &&
                    check->passes_left == 0;
    if (!is_whole) {
        const char *message = stream->message != NULL ? stream->message : "its data is not that of its rows";
        strncpy(reader->message, message, sizeof reader->message - 1);
    }
    cimage_png_stream_close(stream);
    free(check);
    return is_whole ? cimage_ok : status == Z_MEM_ERROR ? cimage_out_of_memory : cimage_malformed;
}

// MARK: Writing

typedef struct {
    png_structp png;
    png_infop info;
    uint8_t *out;
    size_t capacity;
    /// The number of bytes, including those that did not fit.
    size_t count;
    bool is_full;
    uint32_t rows;
} writer;

static void on_write_error(png_structp png, png_const_charp message) { (void)message, png_longjmp(png, 1); }

static void on_write(png_structp png, png_bytep bytes, size_t count) {
    writer *to = png_get_io_ptr(png);
    size_t start = to->count;
    to->count += count;
    if (to->count > to->capacity) {
        to->is_full = true;
        png_error(png, "full");
    }
    memcpy(to->out + start, bytes, count);
}

static void on_flush(png_structp png) { (void)png; }

static void set_palette(writer *to, const cimage_png_picture *picture) {
    png_color colors[256];
    png_byte alphas[256];
    int transparent = 0;
    for (int entry = 0; entry < picture->palette_count && entry < 256; entry++) {
        const uint8_t *rgba = picture->palette + 4 * entry;
        colors[entry] = (png_color){rgba[0], rgba[1], rgba[2]};
        alphas[entry] = rgba[3];
        if (rgba[3] != 255) transparent = entry + 1;
    }
    png_set_PLTE(to->png, to->info, colors, picture->palette_count);
    if (transparent > 0) png_set_tRNS(to->png, to->info, alphas, transparent, NULL);
}

static int color_type(const cimage_png_picture *picture) {
    if (picture->palette != NULL) return PNG_COLOR_TYPE_PALETTE;
    switch (picture->channels) {
    case 1: return PNG_COLOR_TYPE_GRAY;
    case 3: return PNG_COLOR_TYPE_RGB;
    default: return PNG_COLOR_TYPE_RGB_ALPHA;
    }
}

static int filters(cimage_png_filter filter) {
    switch (filter) {
    case cimage_png_filter_none: return PNG_FILTER_NONE;
    case cimage_png_filter_sub: return PNG_FILTER_SUB;
    case cimage_png_filter_up: return PNG_FILTER_UP;
    case cimage_png_filter_adaptive: return PNG_ALL_FILTERS;
    }
    return PNG_FILTER_NONE;
}

/// The part that libpng may leave by longjmp. Variables that must survive that are behind `to`.
static bool write_all(writer *to, const cimage_png_picture *picture) {
    if (setjmp(png_jmpbuf(to->png))) return false;
    png_set_write_fn(to->png, to, on_write, on_flush);
    png_set_IHDR(to->png, to->info, picture->width, picture->height, picture->bit_depth, color_type(picture),
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
    if (picture->palette != NULL) set_palette(to, picture);
    png_set_filter(to->png, PNG_FILTER_TYPE_BASE, filters(picture->filter));
    png_set_compression_level(to->png, picture->level);
    png_write_info(to->png, to->info);
    if (picture->bit_depth < 8) png_set_packing(to->png);
    size_t row_bytes = (size_t)picture->width * picture->channels;
    for (to->rows = 0; to->rows < picture->height; to->rows++) {
        png_write_row(to->png, picture->pixels + to->rows * row_bytes);
    }
    png_write_end(to->png, NULL);
    return true;
}

cimage_status cimage_png_write(const cimage_png_picture *picture, uint8_t *out, size_t capacity, size_t *count,
                               uint32_t *rows) {
    writer to = {.out = out, .capacity = capacity};
    to.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &to, on_write_error, on_warning);
    if (to.png != NULL) to.info = png_create_info_struct(to.png);
    bool is_written = to.info != NULL && write_all(&to, picture);
    png_destroy_write_struct(&to.png, &to.info);
    *count = to.count;
    *rows = to.rows;
    return is_written ? cimage_ok : to.is_full ? cimage_too_large : cimage_out_of_memory;
}
