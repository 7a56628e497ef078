#include "cimage_png.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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

cimage_status cimage_png_start(cimage_png_reader *reader, uint32_t max_width, uint32_t max_height,
                               cimage_png_form form, cimage_png_layout *layout) {
    png_structp png = reader->png;
    png_infop info = reader->info;
    if (setjmp(png_jmpbuf(png))) return failure(reader);
    set_limits(png, max_width, max_height);
    png_read_info(png, info);
    bool has_palette = png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE;
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

static void read_palette_row(cimage_png_reader *reader, uint8_t *row) {
    png_read_row(reader->png, reader->indices, NULL);
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
            png_read_row(reader->png, out, NULL);
        }
    }
    return cimage_ok;
}

bool cimage_png_is_past_palette(const cimage_png_reader *reader) { return reader->is_past_palette; }

cimage_status cimage_png_finish(cimage_png_reader *reader, size_t *data_end, size_t *consumed) {
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
    z_stream stream;
    /// The rows of the current pass that have not begun, and the passes after it.
    cimage_png_pass pass;
    const cimage_png_pass *passes;
    size_t passes_left;
    /// The bytes until the filter byte of the next row, or until the end.
    uint64_t until_filter;
    /// The buffer is large because inflate copies a window of 32 kB at each return.
    uint8_t out[1 << 17];
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

/// Inflates the data of one chunk, all of which has to belong to the stream. It stops at the first wrong row, so that a
/// decompression bomb is not inflated to its end.
static int inflate_chunk(row_check *check, const uint8_t *data, uint32_t count) {
    z_stream *stream = &check->stream;
    int status = Z_OK;
    stream->next_in = (Bytef *)data;
    stream->avail_in = count;
    do {
        stream->next_out = check->out;
        stream->avail_out = sizeof check->out;
        status = inflate(stream, Z_NO_FLUSH);
        if (!are_rows(check, sizeof check->out - stream->avail_out)) return Z_DATA_ERROR;
    } while (status == Z_OK && (stream->avail_in > 0 || stream->avail_out == 0));
    // zlib reports this when it has no input left, which is no error here.
    if (status == Z_BUF_ERROR && stream->avail_in == 0) status = Z_OK;
    return status == Z_STREAM_END && stream->avail_in > 0 ? Z_DATA_ERROR : status;
}

static int inflate_chunks(row_check *check, const uint8_t *bytes, size_t count) {
    int status = Z_OK;
    for (size_t offset = 8; offset + 12 <= count;) {
        uint32_t length = png_get_uint_32(bytes + offset);
        if (length > count - offset - 12) break;
        bool is_data = memcmp(bytes + offset + 4, "IDAT", 4) == 0;
        if (is_data && length > 0) {
            // There is data after the end of the stream.
            if (status == Z_STREAM_END) return Z_DATA_ERROR;
            status = inflate_chunk(check, bytes + offset + 8, length);
            if (status != Z_OK && status != Z_STREAM_END) return status;
        }
        offset += (size_t)length + 12;
    }
    return status;
}

cimage_status cimage_png_check_rows(cimage_png_reader *reader, const cimage_png_pass *passes, size_t pass_count) {
    row_check *check = malloc(sizeof *check);
    if (check == NULL) return cimage_out_of_memory;
    memset(check, 0, offsetof(row_check, out));
    check->passes = passes;
    check->passes_left = pass_count;
    int status = Z_MEM_ERROR;
    // 0 means the window size that the stream declares. A stream that needs a larger one works in some decoders only.
    if (inflateInit2(&check->stream, 0) == Z_OK) {
        status = inflate_chunks(check, reader->bytes, reader->count);
        inflateEnd(&check->stream);
    }
    bool is_whole =
        status == Z_STREAM_END && check->until_filter == 0 && check->pass.rows == 0 && check->passes_left == 0;
    if (!is_whole) {
        const char *message = check->stream.msg != NULL ? check->stream.msg : "its data is not that of its rows";
        strncpy(reader->message, message, sizeof reader->message - 1);
    }
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
