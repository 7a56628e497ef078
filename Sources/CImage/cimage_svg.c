// A C target because this forks, which Swift cannot call, and because the child must run no Swift code.
//
// The child of a process with threads may rely only on what nobody else was holding at the fork. glibc keeps malloc and the
// dynamic loader usable; GLib, fontconfig and Pango are used by the children alone, so each finds them untouched. Should a
// lock be stuck nevertheless, the child's alarm ends it and one image is refused.
#define _GNU_SOURCE
#include "cimage_svg.h"

#include <errno.h>
#include <fcntl.h>
#include <librsvg/rsvg.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

// librsvg recurses for each level of the document, and the threads of the caller may have small stacks.
static const size_t stack_size = 64 << 20;

// What child and parent share.
typedef struct {
    // Stays at cimage_svg_crashed until the child is done.
    cimage_svg_status status;
    char message[256];
    // Premultiplied, native byte order: cairo draws right here.
    uint32_t pixels[];
} drawing;

typedef struct {
    const uint8_t *bytes;
    size_t count;
    uint32_t width, height;
    drawing *out;
} job;

static cimage_svg_status say(drawing *out, cimage_svg_status status, const char *message) {
    snprintf(out->message, sizeof out->message, "%s", message);
    return status;
}

static cimage_svg_status draw(const job *job) {
    GError *error = NULL;
    // No base file: relative references lead nowhere. No flags: the parser's own limits stay on.
    RsvgHandle *handle = rsvg_handle_new_from_data(job->bytes, job->count, &error);
    if (handle == NULL) {
        cimage_svg_status status = say(job->out, cimage_svg_malformed, error->message);
        g_error_free(error);
        return status;
    }
    rsvg_handle_set_dpi(handle, 96);
    cairo_surface_t *surface = cairo_image_surface_create_for_data(
        (unsigned char *)job->out->pixels, CAIRO_FORMAT_ARGB32, (int)job->width, (int)job->height, (int)job->width * 4);
    cairo_t *cairo = cairo_create(surface);
    const RsvgRectangle viewport = {0, 0, job->width, job->height};
    cimage_svg_status status = cimage_svg_ok;
    if (!rsvg_handle_render_document(handle, cairo, &viewport, &error)) {
        status = say(job->out, cimage_svg_malformed, error->message);
        g_error_free(error);
    }
    if (cairo_status(cairo) == CAIRO_STATUS_NO_MEMORY || cairo_surface_status(surface) == CAIRO_STATUS_NO_MEMORY) {
        status = cimage_svg_out_of_memory;
    }
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    cairo_surface_destroy(surface);
    g_object_unref(handle);
    return status;
}

static void *draw_on_thread(void *context) {
    const job *job = context;
    job->out->status = draw(job);
    return NULL;
}

static void set_limit(int resource, rlim_t value) {
    const struct rlimit limit = {value, value};
    setrlimit(resource, &limit);
}

// Bytes of address space in use. Zero if /proc does not say.
static size_t address_space(void) {
    char text[64] = {0};
    unsigned long pages = 0;
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file >= 0 && read(file, text, sizeof text - 1) > 0) sscanf(text, "%lu", &pages);
    if (file >= 0) close(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void confine(cimage_svg_limits limits) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // The caller's sockets: a connection that it closes must not stay open in here.
    close_range(0, ~0U, 0);
    // Descriptors 0 to 2: what a library prints is not for the log.
    for (int i = 0; i < 3; i++) (void)!open("/dev/null", O_RDWR);

    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const struct itimerval timer = {
        .it_value = {.tv_sec = limits.milliseconds / 1000, .tv_usec = limits.milliseconds % 1000 * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);

    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_FSIZE, 0);
    size_t used = address_space();
    if (used > 0) set_limit(RLIMIT_AS, used + stack_size + limits.memory);
}

static void run_child(job *job, cimage_svg_limits limits) {
    confine(limits);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size);
    if (pthread_create(&thread, &attributes, draw_on_thread, job) == 0) {
        pthread_join(thread, NULL);
    } else {
        job->out->status = cimage_svg_out_of_memory;
    }
    _exit(0);
}

// Straight alpha, bytes in the order R, G, B, A.
static void copy_pixels(const uint32_t *from, uint8_t *to, size_t count) {
    for (size_t i = 0; i < count; i++, to += 4) {
        const uint32_t pixel = from[i], alpha = pixel >> 24, half = alpha / 2;
        if (alpha == 0) {
            memset(to, 0, 4);
            continue;
        }
        for (int channel = 0; channel < 3; channel++) {
            const uint32_t value = (pixel >> (16 - 8 * channel)) & 0xff;
            const uint32_t straight = (value * 255 + half) / alpha;
            to[channel] = (uint8_t)(straight > 255 ? 255 : straight);
        }
        to[3] = (uint8_t)alpha;
    }
}

cimage_svg_status cimage_svg_draw(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, cimage_svg_limits limits, uint8_t *rgba,
    char *message, size_t message_capacity) {
    message[0] = 0;
    const size_t pixel_count = (size_t)width * height, size = sizeof(drawing) + pixel_count * sizeof(uint32_t);
    // Zeros: transparent black.
    drawing *out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (out == MAP_FAILED) return cimage_svg_out_of_memory;
    out->status = cimage_svg_crashed;
    job job = {bytes, count, width, height, out};

    pid_t child = fork();
    if (child == 0) run_child(&job, limits);
    if (child < 0) {
        munmap(out, size);
        return cimage_svg_out_of_memory;
    }
    int ending = 0;
    // ECHILD, where the process ignores SIGCHLD, also comes only after the child has ended.
    while (waitpid(child, &ending, 0) < 0 && errno == EINTR) {}

    cimage_svg_status status = out->status;
    if (status == cimage_svg_crashed && WIFSIGNALED(ending) && WTERMSIG(ending) == SIGALRM) {
        status = cimage_svg_out_of_time;
    }
    out->message[sizeof out->message - 1] = 0;
    snprintf(message, message_capacity, "%s", out->message);
    if (status == cimage_svg_ok) copy_pixels(out->pixels, rgba, pixel_count);
    munmap(out, size);
    return status;
}
