// This is C because librsvg, cairo and GLib use macros and casts that Swift cannot see.
#include "cimage_svg.h"

#include <librsvg/rsvg.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// librsvg recurses for each level of the document, and the caller's threads may have small stacks.
static const size_t stack_size = 64 << 20;

typedef struct {
    const uint8_t *bytes;
    size_t count;
    uint32_t width, height;
    // cairo draws here, premultiplied and in native byte order. The pixels are converted in place to straight alpha.
    uint8_t *pixels;
    char *message;
    size_t message_capacity;
    // For measuring: the size of the viewport, and what is found.
    double viewport[2], extent[4];
    cimage_svg_status status;
} drawing;

static cimage_svg_status refuse(drawing *drawing, GError *error) {
    snprintf(drawing->message, drawing->message_capacity, "%s", error->message);
    g_error_free(error);
    return cimage_svg_malformed;
}

static cimage_svg_status draw(drawing *drawing) {
    GError *error = NULL;
    // Without a base file relative references cannot be resolved. Without flags the parser's own limits stay on.
    RsvgHandle *handle = rsvg_handle_new_from_data(drawing->bytes, drawing->count, &error);
    if (handle == NULL) return refuse(drawing, error);
    rsvg_handle_set_dpi(handle, 96);
    cairo_surface_t *surface = cairo_image_surface_create_for_data(
        drawing->pixels, CAIRO_FORMAT_ARGB32, (int)drawing->width, (int)drawing->height, (int)drawing->width * 4);
    cairo_t *cairo = cairo_create(surface);
    const RsvgRectangle viewport = {0, 0, drawing->width, drawing->height};
    cimage_svg_status status = cimage_svg_ok;
    if (!rsvg_handle_render_document(handle, cairo, &viewport, &error)) status = refuse(drawing, error);
    if (cairo_status(cairo) == CAIRO_STATUS_NO_MEMORY || cairo_surface_status(surface) == CAIRO_STATUS_NO_MEMORY) {
        status = cimage_svg_out_of_memory;
    }
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    cairo_surface_destroy(surface);
    g_object_unref(handle);
    return status;
}

// Converts pixels to straight alpha, with bytes in the order R, G, B, A.
static void straighten(uint8_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++, pixels += 4) {
        uint32_t pixel;
        memcpy(&pixel, pixels, 4);
        const uint32_t alpha = pixel >> 24, half = alpha / 2;
        if (alpha == 0) {
            memset(pixels, 0, 4);
            continue;
        }
        for (int channel = 0; channel < 3; channel++) {
            const uint32_t value = (pixel >> (16 - 8 * channel)) & 0xff;
            const uint32_t straight = (value * 255 + half) / alpha;
            pixels[channel] = (uint8_t)(straight > 255 ? 255 : straight);
        }
        pixels[3] = (uint8_t)alpha;
    }
}

static void *draw_on_thread(void *context) {
    drawing *drawing = context;
    drawing->status = draw(drawing);
    return NULL;
}

static cimage_svg_status run(drawing *drawing, void *(*deed)(void *)) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size);
    const int failure = pthread_create(&thread, &attributes, deed, drawing);
    pthread_attr_destroy(&attributes);
    if (failure != 0) return cimage_svg_out_of_memory;
    pthread_join(thread, NULL);
    return drawing->status;
}

static void *measure_on_thread(void *context) {
    drawing *drawing = context;
    GError *error = NULL;
    RsvgHandle *handle = rsvg_handle_new_from_data(drawing->bytes, drawing->count, &error);
    if (handle == NULL) {
        drawing->status = refuse(drawing, error);
        return NULL;
    }
    rsvg_handle_set_dpi(handle, 96);
    const RsvgRectangle viewport = {0, 0, drawing->viewport[0], drawing->viewport[1]};
    RsvgRectangle ink = {0, 0, 0, 0};
    drawing->status = cimage_svg_ok;
    if (!rsvg_handle_get_geometry_for_layer(handle, NULL, &viewport, &ink, NULL, &error)) {
        drawing->status = refuse(drawing, error);
    }
    const double extent[4] = {ink.x, ink.y, ink.width, ink.height};
    memcpy(drawing->extent, extent, sizeof extent);
    g_object_unref(handle);
    return NULL;
}

cimage_svg_status cimage_svg_measure(
    const uint8_t *bytes, size_t count, double width, double height, double extent[4]) {
    char message[256] = "";
    drawing drawing = {.bytes = bytes, .count = count, .message = message, .message_capacity = sizeof message,
                       .viewport = {width, height}, .status = cimage_svg_out_of_memory};
    const cimage_svg_status status = run(&drawing, measure_on_thread);
    memcpy(extent, drawing.extent, sizeof drawing.extent);
    return status;
}

cimage_svg_status cimage_svg_draw(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgba, char *message,
    size_t message_capacity) {
    const size_t pixel_count = (size_t)width * height;
    // Transparent black.
    memset(rgba, 0, pixel_count * 4);
    message[0] = 0;
    drawing drawing = {.bytes = bytes, .count = count, .width = width, .height = height, .pixels = rgba,
                       .message = message, .message_capacity = message_capacity, .status = cimage_svg_out_of_memory};
    const cimage_svg_status status = run(&drawing, draw_on_thread);
    if (status == cimage_svg_ok) straighten(rgba, pixel_count);
    return status;
}
