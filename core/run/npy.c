/* npy.c -- numpy's array files.
**
** "\x93NUMPY", version (major, minor), length of the header (2 bytes in version 1, else 4), the
** header as a Python dictionary of three entries, the elements.  The header is read by a parser for
** just that dictionary, in a buffer whose size the file proves.
*/
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/nearfile.h"
#include "core/base/savefile.h"
#include "core/run/tensor_io.h"

enum { MAX_HEADER = 1 << 16 };

typedef struct Header {
    DType dtype;
    bool swapped, fortran;
    int rank;
    int64_t shape[TENSOR_MAX_RANK];
} Header;

typedef struct Scan {
    const char *p, *end, *path;
    Err *err;
} Scan;

static bool bad(const Scan *s, const char *why)
{
    return REFUSE(s->err, npy_bad, NULL, s->path, why);
}

static void skip_space(Scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t'))
        s->p++;
}

static bool take(Scan *s, char c)
{
    skip_space(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool take_string(Scan *s, char *to, size_t size)
{
    skip_space(s);
    if (s->p == s->end || (*s->p != '\'' && *s->p != '"'))
        return bad(s, "its header lacks a string");
    char quote = *s->p++;
    size_t n = 0;
    for (; s->p < s->end && *s->p != quote; s->p++)
        if (n + 1 < size)
            to[n++] = *s->p;
    to[n] = '\0';
    return take(s, quote) || bad(s, "a string in its header does not end");
}

static bool take_word(Scan *s, const char *word)
{
    size_t n = strlen(word);
    skip_space(s);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return false;
    s->p += n;
    return true;
}

static bool take_extent(Scan *s, int64_t *v)
{
    skip_space(s);
    const char *from = s->p;
    for (*v = 0; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++)
        if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, *s->p - '0', v))
            return bad(s, "an extent is too large");
    if (s->p == from)
        return bad(s, "its shape holds something else than numbers");
    if (s->p < s->end && *s->p == 'L') /* as Python 2 wrote long integers */
        s->p++;
    return true;
}

static bool take_shape(Scan *s, Header *h)
{
    if (!take(s, '('))
        return bad(s, "its shape is not a tuple");
    h->rank = 0;
    while (!take(s, ')')) {
        if (h->rank == TENSOR_MAX_RANK)
            return bad(s, "it has more than 16 dimensions");
        if (!take_extent(s, &h->shape[h->rank++]))
            return false;
        if (!take(s, ',') && (s->p == s->end || *s->p != ')'))
            return bad(s, "its shape does not end");
    }
    return true;
}

static bool parse_descr(Scan *s, const char *descr, Header *h)
{
    static const char kinds[] = {
        [DC_BOOL] = 'b', [DC_INT] = 'i', [DC_UINT] = 'u', [DC_FLOAT] = 'f'};
    char order = descr[0];
    bool known = order == '<' || order == '>' || order == '|' || order == '=';
    for (int t = 0; known && t < DT_COUNT; t++) {
        char text[8];
        snprintf(text, sizeof text, "%c%u", kinds[dtype_info[t].cls], dtype_info[t].bytes);
        if (strcmp(descr + 1, text) == 0) {
            h->dtype = (DType)t;
            h->swapped = order == '>' && dtype_bytes(h->dtype) > 1;
            return true;
        }
    }
    return REFUSE(s->err, npy_dtype, NULL, s->path, descr);
}

static bool parse_header(Scan *s, Header *h)
{
    bool seen_descr = false, seen_order = false, seen_shape = false;
    if (!take(s, '{'))
        return bad(s, "its header is not a dictionary");
    while (!take(s, '}')) {
        char key[32], descr[32];
        if (!take_string(s, key, sizeof key))
            return false;
        if (!take(s, ':'))
            return bad(s, "its header lacks a colon");
        if (strcmp(key, "descr") == 0) {
            if (take(s, '['))
                return REFUSE(s->err, npy_dtype, NULL, s->path, "a record");
            seen_descr = true;
            if (!take_string(s, descr, sizeof descr) || !parse_descr(s, descr, h))
                return false;
        } else if (strcmp(key, "fortran_order") == 0) {
            seen_order = true;
            h->fortran = take_word(s, "True");
            if (!h->fortran && !take_word(s, "False"))
                return bad(s, "fortran_order is neither True nor False");
        } else if (strcmp(key, "shape") == 0) {
            seen_shape = true;
            if (!take_shape(s, h))
                return false;
        } else {
            return bad(s, "its header has an entry that is not known");
        }
        take(s, ',');
    }
    return (seen_descr && seen_order && seen_shape) || bad(s, "its header is not complete");
}

/* Reads what stands before the elements. */
static bool read_header(FILE *f, const char *path, Header *h, Err *err)
{
    unsigned char start[12];
    Scan s = {.path = path, .err = err};
    if (fread(start, 1, 10, f) != 10 || memcmp(start, "\x93NUMPY", 6) != 0)
        return bad(&s, "it does not begin as one");
    size_t length = start[8] | (size_t)start[9] << 8;
    if (start[6] < 1 || start[6] > 3)
        return bad(&s, "its version is not 1, 2 or 3");
    if (start[6] > 1) {
        if (fread(start + 10, 1, 2, f) != 2)
            return bad(&s, "it is cut off");
        length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
    }
    if (length > MAX_HEADER)
        return bad(&s, "its header is too long");
    char text[MAX_HEADER];
    if (fread(text, 1, length, f) != length)
        return bad(&s, "it is cut off");
    s.p = text;
    s.end = text + length;
    return parse_header(&s, h);
}

static void swap_bytes(char *p, int64_t n, size_t size)
{
    for (int64_t i = 0; i < n; i++, p += size)
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            char t = p[a];
            p[a] = p[b];
            p[b] = t;
        }
}

/* Reads the elements; those of Fortran order as the reversed shape, seen transposed. */
static Tensor *read_elements(FILE *f, const char *path, const Header *h, Err *err)
{
    struct stat st;
    int64_t shape[TENSOR_MAX_RANK], n = shape_size(h->rank, h->shape, dtype_bytes(h->dtype));
    long at = ftell(f);
    if (n < 0 || fstat(fileno(f), &st) != 0 || at < 0 ||
        n * (int64_t)dtype_bytes(h->dtype) > st.st_size - at)
        return FAIL(err, npy_bad, NULL, path, "it has fewer elements than its shape says");
    for (int d = 0; d < h->rank; d++)
        shape[d] = h->shape[h->fortran ? h->rank - 1 - d : d];
    Tensor *t = tensor_new(h->dtype, h->rank, shape, err);
    if (!t)
        return NULL;
    char *p = tensor_fill(t);
    if (fread(p, dtype_bytes(h->dtype), (size_t)n, f) != (size_t)n) {
        tensor_release(t);
        return FAIL(err, npy_bad, NULL, path, "it is cut off");
    }
    if (h->swapped)
        swap_bytes(p, n, dtype_bytes(h->dtype));
    if (h->dtype == DT_bool)
        for (int64_t i = 0; i < n; i++)
            p[i] = p[i] != 0;
    if (!h->fortran || h->rank < 2)
        return t;
    int order[TENSOR_MAX_RANK];
    for (int d = 0; d < h->rank; d++)
        order[d] = h->rank - 1 - d;
    Tensor *view = tensor_transpose(t, order, err);
    Tensor *dense = view ? tensor_dense(view, err) : NULL;
    tensor_release(view);
    tensor_release(t);
    return dense;
}

Tensor *npy_load(const char *path, Err *err)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    if (!f) {
        refuse_unreadable(err, path, errno);
        return NULL;
    }
    Header h = {0};
    Tensor *t = NULL;
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))
        FAIL(err, npy_bad, NULL, path, "it is not a regular file");
    else if (read_header(f, path, &h, err))
        t = read_elements(f, path, &h, err);
    fclose(f);
    return t;
}

bool npy_save(const Tensor *t, const char *path, Err *err)
{
    static const char kinds[] = {
        [DC_BOOL] = 'b', [DC_INT] = 'i', [DC_UINT] = 'u', [DC_FLOAT] = 'f'};
    char text[1024];
    Tensor *dense = tensor_is_dense(t) ? NULL : tensor_copy(t, err);
    if (!dense && !tensor_is_dense(t))
        return false;
    const Tensor *from = dense ? dense : t;
    const DTypeInfo *d = &dtype_info[t->dtype];
    int n = snprintf(text, sizeof text, "{'descr': '%c%c%u', 'fortran_order': False, 'shape': (",
                     d->bytes > 1 ? '<' : '|', kinds[d->cls], d->bytes);
    for (int i = 0; i < t->rank; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%lld", i ? ", " : "",
                      (long long)t->shape[i]);
    n += snprintf(text + n, sizeof text - (size_t)n, t->rank == 1 ? ",), }" : "), }");
    while ((10 + n + 1) % 64 != 0)
        text[n++] = ' ';
    text[n++] = '\n';
    SaveFile s;
    bool ok = save_begin(&s, path, err);
    if (ok) {
        unsigned char start[10] = {
            0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(n & 255), (unsigned char)(n >> 8)};
        fwrite(start, 1, sizeof start, s.file);
        fwrite(text, 1, (size_t)n, s.file);
        fwrite(tensor_data(from), 1, (size_t)tensor_bytes(from), s.file);
        ok = save_end(&s, true, err);
    }
    tensor_release(dense);
    return ok;
}
