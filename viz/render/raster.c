/* raster.c -- SVG to PNG, by librsvg. */
#include "viz/render/raster.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef struct RsvgBox {
    double x, y, width, height;
} RsvgBox;

typedef struct RsvgApi {
#define RSVG(result, name, args) result(*name) args;
#include "viz/render/rsvg_api.def"
} RsvgApi;

enum { CAIRO_ARGB32 = 0, SCALE = 2, ENOUGH = 1600, MAX_SIDE = 32000 };

static bool open_api(RsvgApi *api, char *why, size_t why_n)
{
    void *lib = dlopen("librsvg-2.so.2", RTLD_NOW | RTLD_GLOBAL);
    void *cairo = dlopen("libcairo.so.2", RTLD_NOW | RTLD_GLOBAL);
    if (!lib || !cairo) {
        snprintf(why, why_n, "librsvg is not installed (apt-get install librsvg2-2)");
        return false;
    }
#define RSVG(result, name, args)                                                  \
    *(void **)&api->name = dlsym(strncmp(#name, "rsvg", 4) ? cairo : lib, #name); \
    if (!api->name) {                                                             \
        snprintf(why, why_n, "this librsvg is too old: it has no %s", #name);     \
        return false;                                                             \
    }
#include "viz/render/rsvg_api.def"
    return true;
}

static int grow(void *env, const unsigned char *data, unsigned n)
{
    FILE *f = env;
    return fwrite(data, 1, n, f) == n ? 0 : 11; /* CAIRO_STATUS_WRITE_ERROR */
}

/* Small pictures are drawn twice as large, to be sharp; larger ones as far as a screen has room, or
** as they are; and the largest so that there can be a surface. */
static double scale_of(double side)
{
    double enough = ENOUGH / side;
    double scale = enough > SCALE ? SCALE : enough < 1 ? 1 : enough;
    return scale * side > MAX_SIDE ? MAX_SIDE / side : scale;
}

int raster_svg(const char *svg, size_t n, char **out, size_t *out_n, char *why, size_t why_n)
{
    RsvgApi api;
    if (!open_api(&api, why, why_n))
        return 1;
    void *error = NULL;
    void *handle = api.rsvg_handle_new_from_data((const unsigned char *)svg, n, &error);
    double w = 0, h = 0;
    if (!handle || !api.rsvg_handle_get_intrinsic_size_in_pixels(handle, &w, &h)) {
        snprintf(why, why_n, "librsvg does not accept the SVG text");
        return 1;
    }
    double scale = scale_of(w > h ? w : h);
    void *surface = api.cairo_image_surface_create(CAIRO_ARGB32, (int)(w * scale + 0.5),
                                                   (int)(h * scale + 0.5));
    if (api.cairo_surface_status(surface)) {
        snprintf(why, why_n, "a picture of %.0f x %.0f pixels is too large", w * scale, h * scale);
        return 1;
    }
    RsvgBox box = {0, 0, (double)(int)(w * scale + 0.5), (double)(int)(h * scale + 0.5)};
    if (!api.rsvg_handle_render_document(handle, api.cairo_create(surface), &box, &error)) {
        snprintf(why, why_n, "librsvg cannot draw the SVG text");
        return 1;
    }
    FILE *f = open_memstream(out, out_n);
    int status = f ? api.cairo_surface_write_to_png_stream(surface, grow, f) : 1;
    if (f && fclose(f) == 0 && status == 0)
        return 0;
    snprintf(why, why_n, "no memory for the PNG");
    return 1;
}
