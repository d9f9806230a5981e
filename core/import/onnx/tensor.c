/* tensor.c -- TensorProto: elements in raw bytes, in typed fields, or in a file
** beside the model. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/cancel.h"
#include "core/base/memory.h"
#include "core/base/nearfile.h"
#include "core/base/progress.h"
#include "core/base/utf8.h"
#include "core/import/onnx/onnx.h"
#include "core/import/onnx/reader.h"

const char *onnx_text(Arena *A, Span s)
{
    const char *at = (const char *)s.at, *end = at + s.n, *from = at;
    for (size_t n; at < end && (n = utf8_char(at, end)) && !utf8_is_control(at, n);)
        at += n;
    if (at == end)
        return s.n ? arena_strndup(A, from, s.n) : "";
    Buf out = buf_new(A);
    buf_plain(&out, from, s.n);
    return buf_str(&out);
}

static const struct {
    const char *name;
    DType dtype;
} elem_types[] = {{"undefined", DT_COUNT},      {"float32", DT_float32},
                  {"uint8", DT_uint8},          {"int8", DT_int8},
                  {"uint16", DT_uint16},        {"int16", DT_int16},
                  {"int32", DT_int32},          {"int64", DT_int64},
                  {"string", DT_COUNT},         {"bool", DT_bool},
                  {"float16", DT_COUNT},        {"float64", DT_float64},
                  {"uint32", DT_uint32},        {"uint64", DT_uint64},
                  {"complex64", DT_COUNT},      {"complex128", DT_COUNT},
                  {"bfloat16", DT_COUNT},       {"float8e4m3fn", DT_COUNT},
                  {"float8e4m3fnuz", DT_COUNT}, {"float8e5m2", DT_COUNT},
                  {"float8e5m2fnuz", DT_COUNT}, {"uint4", DT_COUNT},
                  {"int4", DT_COUNT},           {"float4e2m1", DT_COUNT}};

static bool known_elem(int64_t t)
{
    return t >= 0 && (size_t)t < sizeof elem_types / sizeof elem_types[0];
}

DType onnx_dtype(int64_t t)
{
    return known_elem(t) ? elem_types[t].dtype : DT_COUNT;
}

const char *onnx_dtype_name(int64_t t)
{
    return known_elem(t) ? elem_types[t].name : "an unknown element type";
}

static bool bad_tensor(const TensorInfo *t, const char *why, Err *err)
{
    return REFUSE(err, onnx_tensor, NULL, t->name ? t->name : "", why);
}

/* ---- what it says of itself ---- */

bool onnx_tensor_dims(const WireField *f, TensorInfo *t, Err *err)
{
    size_t pos = 0;
    for (int64_t d; wire_int(f, &pos, &d);) {
        if (t->rank == GRAPH_MAX_RANK)
            return bad_tensor(t, "it has more than 16 dimensions", err);
        if (d < 0)
            return bad_tensor(t, "it has a negative dimension", err);
        t->dim[t->rank++] = d;
    }
    return true;
}

static bool read_entry(Arena *A, Wire w, TensorInfo *t, Err *err)
{
    Span key = {0}, value = {0};
    for (WireField f; wire_next(&w, &f, err);)
        *(f.id == Entry_key ? &key : &value) = f.bytes;
    if (w.failed)
        return false;
    const char *text = arena_strndup(A, (const char *)value.at, value.n);
    char *end = NULL;
    errno = 0;
    if (span_is(key, "location")) {
        if (strlen(text) != value.n)
            return bad_tensor(t, "its external location has a zero byte in it", err);
        t->external = text;
        return true;
    }
    int64_t *number = span_is(key, "offset")   ? &t->external_offset
                      : span_is(key, "length") ? &t->external_length
                                               : NULL;
    if (!number)
        return true;
    *number = strtoll(text, &end, 10);
    if (errno || !*text || *end || *number < 0)
        return bad_tensor(t, "its external offset or length is no number", err);
    return true;
}

bool onnx_tensor_info(Arena *A, Wire w, TensorInfo *t, Err *err)
{
    bool outside = false;
    *t = (TensorInfo){.external_length = -1};
    Wire first = w; /* the name, for what is said of the rest */
    for (WireField f; wire_next(&first, &f, NULL);)
        if (f.id == Tensor_name)
            t->name = onnx_text(A, f.bytes);
    for (WireField f; wire_next(&w, &f, err);) {
        if (f.id == Tensor_data_type)
            t->elem_type = f.i;
        else if (f.id == Tensor_segment)
            return bad_tensor(t, "it comes in segments, which ONNX no longer has", err);
        else if (f.id == Tensor_data_location)
            outside = f.i == 1;
        else if (f.id == Tensor_dims && !onnx_tensor_dims(&f, t, err))
            return false;
        else if (f.id == Tensor_external_data &&
                 !read_entry(A, wire_enter(&w, &f, MSG_Entry), t, err))
            return false;
        else if (f.id == Tensor_raw_data) {
            t->raw = f.bytes;
            t->has_raw = true;
        }
    }
    if (w.failed)
        return false;
    t->dtype = onnx_dtype(t->elem_type);
    if (outside && !t->external)
        return bad_tensor(t, "its data are external, but nothing says where", err);
    if (!outside)
        t->external = NULL;
    int64_t n = shape_size(t->rank, t->dim, t->dtype < DT_COUNT ? dtype_bytes(t->dtype) : 1);
    if (n < 0 || n > GRAPH_MAX_ELEMENTS)
        return bad_tensor(t, "its dimensions multiply to more than 2^40 elements", err);
    return true;
}

/* ---- files ---- */

/* Opens a regular file with one name, below `folder`, through no link of any kind. */
static int open_beneath(const char *folder, const char *name, struct stat *st, const char **why)
{
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        *why = strerror(errno);
        return -1;
    }
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
    *why = fd >= 0          ? NULL
           : errno == EXDEV ? "it lies outside the model's folder"
           : errno == ELOOP ? "its path goes through a link"
                            : strerror(errno);
    close(dir);
    if (fd < 0)
        return -1;
    if (fstat(fd, st) || !S_ISREG(st->st_mode))
        *why = "it is no regular file";
    else if (st->st_nlink != 1)
        *why = "it has several names (hard links)";
    if (*why) {
        close(fd);
        return -1;
    }
    return fd;
}

static const char *read_all(int fd, uint8_t *to, size_t n, int64_t offset)
{
    enum { PIECE = 16 << 20 };
    while (n) {
        if (cancel_asked())
            return "the reading was stopped";
        progress_tick();
        ssize_t got = pread(fd, to, n < PIECE ? n : PIECE, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got ? strerror(errno) : "it ended early";
        to += got;
        n -= (size_t)got;
        offset += got;
    }
    return NULL;
}

/* `n` bytes at `offset` of the file `name` below `folder`, reached through no link; `into` NULL
** only checks that they are there. */
static bool read_external(const char *folder, const char *name, int64_t offset, void *into,
                          size_t n, Err *err)
{
    struct stat st;
    const char *why = NULL;
    int fd = open_beneath(folder, name, &st, &why);
    if (fd < 0)
        return REFUSE(err, onnx_external, NULL, name, why);
    if (offset > st.st_size || (uint64_t)n > (uint64_t)(st.st_size - offset))
        why = "it is shorter than the model says";
    else if (into)
        why = read_all(fd, into, n, offset);
    close(fd);
    return !why || (!cancel_poll(err) && REFUSE(err, onnx_external, NULL, name, why));
}

/* Why a file is not one to read whole; NULL if it is. */
static const char *not_whole(const struct stat *st)
{
    const int64_t most = INT32_MAX; /* what the format's own libraries can read */
    if (!S_ISREG(st->st_mode))
        return "it is no regular file";
    if (st->st_size > most)
        return "it is larger than 2 GiB, which no ONNX file is: more than that are external data";
    if (st->st_size >= MEMORY_SMALL && st->st_size > memory_free())
        return "it is larger than the memory that is free";
    return NULL;
}

bool onnx_read_file(Arena *A, const char *path, const char *ending, Span *out, Err *err)
{
    struct stat st;
    const char *why = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return refuse_unreadable(err, path, errno);
    why = fstat(fd, &st) ? strerror(errno) : NULL;
    if (!why && S_ISDIR(st.st_mode)) {
        close(fd);
        return refuse_folder(err, path, ending);
    }
    why = why ? why : not_whole(&st);
    if (!why) {
        uint8_t *bytes = arena_alloc(A, (size_t)st.st_size + 1);
        why = read_all(fd, bytes, (size_t)st.st_size, 0);
        *out = (Span){bytes, (size_t)st.st_size};
    }
    close(fd);
    return !why || (!cancel_poll(err) && REFUSE(err, not_readable, NULL, path, why));
}

Tensor *onnx_tensor_bytes(const uint8_t *bytes, size_t n, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Wire w = wire_open(bytes, (Span){bytes, n}, MSG_Tensor);
    TensorInfo info;
    Tensor *t = NULL;
    if (onnx_tensor_info(A, w, &info, err)) {
        if (info.dtype < DT_COUNT)
            t = onnx_tensor_read(A, w, &info, NULL, err);
        else
            FAIL(err, onnx_element_type, NULL, info.name ? info.name : "",
                 onnx_dtype_name(info.elem_type));
    }
    arena_release(A);
    return t;
}

Tensor *onnx_tensor_file(const char *path, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Span file;
    Tensor *t =
        onnx_read_file(A, path, ".pb", &file, err) ? onnx_tensor_bytes(file.at, file.n, err) : NULL;
    arena_release(A);
    return t;
}

/* ---- its elements ---- */

/* The field that holds elements of type t when raw_data does not. */
static FieldId typed_field(DType t)
{
    switch (t) {
    case DT_float32: return Tensor_float_data;
    case DT_float64: return Tensor_double_data;
    case DT_int64: return Tensor_int64_data;
    case DT_uint32:
    case DT_uint64: return Tensor_uint64_data;
    default: return Tensor_int32_data;
    }
}

static size_t count_typed(Wire w, FieldId id)
{
    size_t n = 0;
    for (WireField f; wire_next(&w, &f, NULL);)
        if (f.id == id)
            n += wire_count(&f);
    return n;
}

static void fill_typed(Wire w, FieldId id, DType t, uint8_t *to, size_t n)
{
    size_t k = 0;
    for (WireField f; wire_next(&w, &f, NULL);) {
        if (f.id != id)
            continue;
        Scalar v;
        if (dtype_is_float(t))
            for (size_t pos = 0; k < n && wire_float(&f, &pos, &v.f); k++)
                dtype_store(t, to + k * dtype_bytes(t), v);
        else
            for (size_t pos = 0; k < n && wire_int(&f, &pos, &v.i); k++) {
                v.i = t == DT_bool ? v.i != 0 : dtype_wrap(t, v.i);
                dtype_store(t, to + k * dtype_bytes(t), v);
            }
    }
}

Tensor *onnx_tensor_read(Arena *A, Wire w, const TensorInfo *t, const char *folder, Err *err)
{
    size_t n = (size_t)shape_size(t->rank, t->dim, 1), bytes = n * dtype_bytes(t->dtype);
    FieldId id = typed_field(t->dtype);
    const char *why = NULL;
    /* What the file must hold is checked before memory is asked for. */
    if (t->external && !folder)
        why = "its data are in another file, which there is none of";
    else if (!t->external && t->has_raw && t->raw.n != bytes)
        why =
            arena_printf(A, "its shape asks for %zu bytes, but raw_data has %zu", bytes, t->raw.n);
    else if (!t->external && !t->has_raw && count_typed(w, id) != n)
        why = arena_printf(A, "its shape asks for %zu elements, but %zu are given", n,
                           count_typed(w, id));
    else if (t->external && t->external_length >= 0 && (size_t)t->external_length != bytes)
        why = arena_printf(A, "its shape asks for %zu bytes, but its external length is %lld",
                           bytes, (long long)t->external_length);
    if (why)
        return bad_tensor(t, why, err), NULL;
    if (t->external && !read_external(folder, t->external, t->external_offset, NULL, bytes, err))
        return NULL;
    Tensor *out = tensor_new(t->dtype, t->rank, t->dim, err);
    if (!out)
        return NULL;
    uint8_t *to = tensor_fill(out);
    if (t->external) {
        if (!read_external(folder, t->external, t->external_offset, to, bytes, err)) {
            tensor_release(out);
            return NULL;
        }
    } else if (t->has_raw) {
        if (bytes)
            mem_copy(to, t->raw.at, bytes);
    } else {
        fill_typed(w, id, t->dtype, to, n);
    }
    for (size_t i = 0; t->dtype == DT_bool && i < n; i++)
        to[i] = to[i] != 0;
    return out;
}
