/* image.c -- PNG through libpng, PGM and PPM by hand, and which format a name means. */
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/base/nearfile.h"
#include "core/base/savefile.h"
#include "core/run/tensor_io.h"

enum { MAX_SIDE = 1 << 20 };

/* `t` as dense uint8 or uint16 of [height, width, channels], owned by the caller, if it is an
** image of 1 or 3 channels or, where the format has transparency, one more. */
static Tensor *image_form(const Tensor *t, bool transparency, Err *err)
{
    int64_t channels = t->rank == 2 ? 1 : t->rank == 3 ? t->shape[2] : 0;
    bool fits = channels >= 1 && channels <= 4 && (transparency || channels % 2 == 1);
    if (!fits || t->shape[0] < 1 || t->shape[1] < 1 || t->shape[0] > MAX_SIDE ||
        t->shape[1] > MAX_SIDE ||
        (t->dtype != DT_uint8 && t->dtype != DT_uint16 && !dtype_is_float(t->dtype))) {
        Arena *A = arena_scratch(NULL);
        Buf b = buf_new(A);
        tensor_describe(t, &b);
        FAIL(err, image_shape, NULL, buf_str(&b));
        arena_release(A);
        return NULL;
    }
    int64_t shape[3] = {t->shape[0], t->shape[1], channels};
    Tensor *out = tensor_new(t->dtype == DT_uint16 ? DT_uint16 : DT_uint8, 3, shape, err);
    if (!out)
        return NULL;
    char *p = tensor_fill(out);
    int64_t n = tensor_size(out);
    for (int64_t i = 0; i < n; i++, p += dtype_bytes(out->dtype)) {
        Scalar v = tensor_at(t, i);
        if (dtype_is_float(t->dtype))
            v = dtype_convert(DT_uint8, DT_float64, (Scalar){.f = v.f * 255 + 0.5});
        dtype_store(out->dtype, p, v);
    }
    return out;
}

/* libpng leaves by longjmp; all that must survive it lives here. */
typedef struct PngJob {
    FILE *file;
    const char *path;
    Err *err;
    Tensor *t;
    png_bytep *rows;
    png_structp png;
    png_infop info;
} PngJob;

static void png_fails(png_structp png, png_const_charp why)
{
    PngJob *job = png_get_error_ptr(png);
    FAIL(job->err, image_bad, NULL, job->path, why);
    png_longjmp(png, 1);
}

static void png_warns(png_structp png, png_const_charp why)
{
    (void)png;
    (void)why;
}

static bool make_rows(PngJob *job, bool fresh)
{
    int64_t height = job->t->shape[0];
    size_t row = (size_t)(tensor_bytes(job->t) / height);
    char *data = fresh ? tensor_fill(job->t) : (char *)(uintptr_t)tensor_data(job->t);
    job->rows = malloc(sizeof *job->rows * (size_t)height);
    if (!job->rows)
        return REFUSE(job->err, out_of_memory, NULL);
    for (int64_t y = 0; y < height; y++)
        job->rows[y] = (png_bytep)data + (size_t)y * row;
    return true;
}

static bool png_read(PngJob *job)
{
    if (setjmp(png_jmpbuf(job->png)))
        return false;
    png_init_io(job->png, job->file);
    png_set_user_limits(job->png, MAX_SIDE, MAX_SIDE);
    png_read_info(job->png, job->info);
    png_set_expand(job->png);
    int bits = png_get_bit_depth(job->png, job->info);
    if (bits == 16)
        png_set_swap(job->png);
    png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    int channels = png_get_channels(job->png, job->info);
    int64_t shape[3] = {png_get_image_height(job->png, job->info),
                        png_get_image_width(job->png, job->info), channels};
    job->t = tensor_new(bits == 16 ? DT_uint16 : DT_uint8, channels == 1 ? 2 : 3, shape, job->err);
    if (!job->t || !make_rows(job, true))
        return false;
    png_read_image(job->png, job->rows);
    png_read_end(job->png, NULL);
    return true;
}

Tensor *png_load(const char *path, Err *err)
{
    PngJob job = {.path = path, .err = err, .file = fopen(path, "re")};
    if (!job.file) {
        refuse_unreadable(err, path, errno);
        return NULL;
    }
    job.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, png_fails, png_warns);
    job.info = job.png ? png_create_info_struct(job.png) : NULL;
    bool ok = job.info ? png_read(&job) : REFUSE(err, out_of_memory, NULL);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    free(job.rows);
    fclose(job.file);
    if (ok)
        return job.t;
    tensor_release(job.t);
    return NULL;
}

static bool png_write(PngJob *job)
{
    static const int colour_type[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                      PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    if (setjmp(png_jmpbuf(job->png)))
        return false;
    int bits = job->t->dtype == DT_uint16 ? 16 : 8;
    png_init_io(job->png, job->file);
    png_set_IHDR(job->png, job->info, (png_uint_32)job->t->shape[1], (png_uint_32)job->t->shape[0],
                 bits, colour_type[job->t->shape[2]], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(job->png, job->info);
    if (bits == 16)
        png_set_swap(job->png);
    png_write_image(job->png, job->rows);
    png_write_end(job->png, NULL);
    return true;
}

bool png_save(const Tensor *t, const char *path, Err *err)
{
    SaveFile s;
    Err why = {0};
    PngJob job = {.path = path, .err = &why, .t = image_form(t, true, err)};
    if (!job.t)
        return false;
    bool ok = save_begin(&s, path, err);
    if (ok) {
        job.file = s.file;
        job.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, png_fails, png_warns);
        job.info = job.png ? png_create_info_struct(job.png) : NULL;
        ok = job.info && make_rows(&job, false) && png_write(&job);
        bool disk = ferror(s.file) != 0;
        bool closed = save_end(&s, ok || disk, err);
        if (!ok && closed)
            REFUSE(err, io_failed, NULL, "write", path, why.why[0] ? why.why : "out of memory");
        ok = ok && closed;
        png_destroy_write_struct(&job.png, &job.info);
    }
    free(job.rows);
    tensor_release(job.t);
    return ok;
}

/* A number of a PNM header: after spaces and comments; -1 if there is none. */
static long pnm_number(FILE *f)
{
    int c = getc(f);
    while (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '#') {
        while (c == '#' && (c = getc(f)) != '\n' && c != EOF)
            c = '#';
        c = getc(f);
    }
    long v = -1;
    for (; c >= '0' && c <= '9' && v < MAX_SIDE; c = getc(f))
        v = (v < 0 ? 0 : v) * 10 + (c - '0');
    return v; /* and the one byte behind the number is read */
}

static Tensor *pnm_read(FILE *f, const char *path, Err *err)
{
    struct stat st;
    int magic = getc(f) == 'P' ? getc(f) : 0;
    if (magic != '2' && magic != '3' && magic != '5' && magic != '6')
        return FAIL(err, image_bad, NULL, path, "it does not begin with P2, P3, P5 or P6");
    long width = pnm_number(f), height = pnm_number(f), top = pnm_number(f);
    if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE || top < 1 || top > 65535)
        return FAIL(err, image_bad, NULL, path,
                    "its header is not a width, a height and a maximum");
    bool colour = magic == '3' || magic == '6', binary = magic >= '5';
    int64_t shape[3] = {height, width, 3}, n = (int64_t)height * width * (colour ? 3 : 1);
    int size = top > 255 ? 2 : 1;
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_size < (binary ? n * size : n * 2 - 1))
        return FAIL(err, image_bad, NULL, path, "it is cut off");
    Tensor *t = tensor_new(size == 2 ? DT_uint16 : DT_uint8, colour ? 3 : 2, shape, err);
    if (!t)
        return NULL;
    char *p = tensor_fill(t);
    for (int64_t i = 0; i < n; i++, p += size) {
        long v;
        if (binary) {
            int high = size == 2 ? getc(f) : 0, low = getc(f);
            v = high < 0 || low < 0 ? -1 : (long)high << 8 | low;
        } else {
            v = pnm_number(f);
        }
        if (v < 0 || v > top) {
            tensor_release(t);
            return FAIL(err, image_bad, NULL, path,
                        v < 0 ? "it is cut off" : "a value is above its maximum");
        }
        dtype_store(t->dtype, p, (Scalar){.i = v * (size == 2 ? 65535 : 255) / top});
    }
    return t;
}

Tensor *pnm_load(const char *path, Err *err)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        refuse_unreadable(err, path, errno);
        return NULL;
    }
    Tensor *t = pnm_read(f, path, err);
    fclose(f);
    return t;
}

bool pnm_save(const Tensor *t, const char *path, Err *err)
{
    SaveFile s;
    Tensor *image = image_form(t, false, err);
    if (!image)
        return false;
    bool ok = save_begin(&s, path, err);
    if (ok) {
        bool wide = image->dtype == DT_uint16;
        int64_t n = tensor_size(image);
        fprintf(s.file, "P%d\n%lld %lld\n%d\n", image->shape[2] == 3 ? 6 : 5,
                (long long)image->shape[1], (long long)image->shape[0], wide ? 65535 : 255);
        const char *p = tensor_data(image);
        for (int64_t i = 0; i < n; i++) {
            int64_t v = dtype_load(image->dtype, p + i * (wide ? 2 : 1)).i;
            if (wide)
                putc((int)(v >> 8), s.file);
            putc((int)(v & 255), s.file);
        }
        ok = save_end(&s, true, err);
    }
    tensor_release(image);
    return ok;
}

typedef struct Format {
    const char *suffix;
    Tensor *(*load)(const char *path, Err *err);
    bool (*save)(const Tensor *t, const char *path, Err *err);
} Format;

static const Format formats[] = {{".npy", npy_load, npy_save},
                                 {".png", png_load, png_save},
                                 {".pgm", pnm_load, pnm_save},
                                 {".ppm", pnm_load, pnm_save}};

static const Format *format_of(const char *path, Err *err)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (n >= 4 && strcasecmp(path + n - 4, formats[i].suffix) == 0)
            return &formats[i];
    return FAIL(err, format_unknown, NULL, path);
}

Tensor *tensor_load(const char *path, Err *err)
{
    const Format *f = format_of(path, err);
    return f ? f->load(path, err) : NULL;
}

bool tensor_save(const Tensor *t, const char *path, Err *err)
{
    const Format *f = format_of(path, err);
    return f && f->save(t, path, err);
}
