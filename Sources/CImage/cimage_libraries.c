// The versions of some of these libraries are macros and variables that Swift cannot read.
#include "cimage_libraries.h"

#include <fontconfig/fontconfig.h>
#include <librsvg/rsvg.h>
#include <libxml/parser.h>
#include <libxml/xmlversion.h>
#include <png.h>
#include <pthread.h>
#include <stdio.h>
#include <zlib.h>

static char xml[24], rsvg[24], fontconfig[24];
static pthread_once_t is_written = PTHREAD_ONCE_INIT;

static void write_versions(void) {
    // 21209 is 2.12.9. What follows the number is the packager's.
    int number = 0;
    sscanf(xmlParserVersion, "%d", &number);
    snprintf(xml, sizeof xml, "%d.%d.%d", number / 10000, number / 100 % 100, number % 100);
    snprintf(rsvg, sizeof rsvg, "%u.%u.%u", rsvg_major_version, rsvg_minor_version, rsvg_micro_version);
    number = FcGetVersion();
    snprintf(fontconfig, sizeof fontconfig, "%d.%d.%d", number / 10000, number / 100 % 100, number % 100);
}

cimage_library cimage_library_at(int index) {
    pthread_once(&is_written, write_versions);
    const cimage_library libraries[cimage_library_count] = {
        {"libpng", png_get_libpng_ver(NULL)}, {"zlib", zlibVersion()}, {"librsvg", rsvg},
        {"libxml2", xml}, {"fontconfig", fontconfig},
    };
    return libraries[index];
}
