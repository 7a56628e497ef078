// The floor under a thumbnail: what libpng itself costs. Decodes a PNG row by row, averages boxes in place of a scaler
// (encoded samples, whole pixels), encodes once at level 3 with one fixed filter. Prints CPU milliseconds.
//
//   cc -O2 Tests/Bench/png_floor.c -lpng16 -o png_floor && ./png_floor image.png
//
// With -d it only decodes.
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct {
    unsigned char *bytes;
    size_t count, offset;
} buffer;

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    buffer *from = png_get_io_ptr(png);
    if (count > from->count - from->offset) png_error(png, "ends early");
    memcpy(out, from->bytes + from->offset, count);
    from->offset += count;
}

static void count_bytes(png_structp png, png_bytep bytes, size_t count) {
    (void)bytes;
    *(size_t *)png_get_io_ptr(png) += count;
}

static void flush(png_structp png) { (void)png; }

static double cpu_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static buffer read_file(const char *path) {
    buffer file = {0};
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) return perror(path), exit(1), file;
    fseek(stream, 0, SEEK_END);
    file.count = ftell(stream);
    rewind(stream);
    file.bytes = malloc(file.count);
    if (fread(file.bytes, 1, file.count, stream) != file.count) exit(1);
    fclose(stream);
    return file;
}

/// Rows of RGB into a thumbnail of at most short_side × long_side.
static void thumbnail(png_structp png, unsigned width, unsigned height, unsigned channels, size_t row_bytes,
                      png_bytep row) {
    double long_side = width > height ? width : height, short_side = width > height ? height : width;
    double scale = short_side / 768 > long_side / 2000 ? short_side / 768 : long_side / 2000;
    if (scale < 1) scale = 1;
    unsigned step_width = width / scale, step_height = height / scale;
    unsigned *sums = calloc((size_t)step_width * channels, sizeof *sums);
    unsigned char *out = malloc((size_t)step_width * step_height * channels);
    unsigned *column = malloc(sizeof *column * (width + 1));
    for (unsigned x = 0; x <= step_width; x++) column[x] = (unsigned long)x * width / step_width;
    for (unsigned y = 0, target = 0, rows = 0; y < height; y++) {
        png_read_row(png, row, NULL);
        for (unsigned x = 0; x < step_width; x++) {
            for (unsigned source = column[x]; source < column[x + 1]; source++) {
                for (unsigned c = 0; c < channels; c++) sums[x * channels + c] += row[source * channels + c];
            }
        }
        rows++;
        if (y + 1 < (unsigned long)(target + 1) * height / step_height) continue;
        for (unsigned x = 0; x < step_width; x++) {
            for (unsigned c = 0; c < channels; c++) {
                size_t index = ((size_t)target * step_width + x) * channels + c;
                out[index] = sums[x * channels + c] / (rows * (column[x + 1] - column[x]));
            }
        }
        memset(sums, 0, (size_t)step_width * channels * sizeof *sums);
        target++;
        rows = 0;
    }
    (void)row_bytes;

    size_t count = 0;
    png_structp write = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(write);
    png_set_write_fn(write, &count, count_bytes, flush);
    int color = channels == 1   ? PNG_COLOR_TYPE_GRAY
                : channels == 2 ? PNG_COLOR_TYPE_GRAY_ALPHA
                : channels == 3 ? PNG_COLOR_TYPE_RGB
                                : PNG_COLOR_TYPE_RGB_ALPHA;
    png_set_IHDR(write, info, step_width, step_height, 8, color, 0, 0, 0);
    png_set_compression_level(write, 3);
    png_set_filter(write, 0, PNG_FILTER_SUB);
    png_write_info(write, info);
    for (unsigned y = 0; y < step_height; y++) png_write_row(write, out + (size_t)y * step_width * channels);
    png_write_end(write, info);
    png_destroy_write_struct(&write, &info);
    printf("%ux%u, %zu bytes, ", step_width, step_height, count);
    free(sums), free(out), free(column);
}

int main(int argc, char **argv) {
    int decode_only = argc > 2 && strcmp(argv[1], "-d") == 0;
    if (argc < 2) return fprintf(stderr, "usage: png_floor [-d] image.png\n"), 2;
    buffer file = read_file(argv[argc - 1]);
    double start = cpu_ms();
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_read_fn(png, &file, read_bytes);
    png_read_info(png, info);
    if (!decode_only) {
        png_set_expand(png);
        png_set_scale_16(png);
    }
    png_read_update_info(png, info);
    unsigned width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    size_t row_bytes = png_get_rowbytes(png, info);
    png_bytep row = malloc(row_bytes);
    if (decode_only) {
        for (unsigned y = 0; y < height; y++) png_read_row(png, row, NULL);
    } else {
        thumbnail(png, width, height, png_get_channels(png, info), row_bytes, row);
    }
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    double took = cpu_ms() - start;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.1f ms CPU, %ld kB at most\n", took, usage.ru_maxrss);
    return 0;
}
