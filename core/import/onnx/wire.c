/* wire.c -- varints, tags and lengths, each checked. */
#include "core/import/onnx/wire.h"

#include <string.h>

typedef enum Kind { INT, INTS, F32, F32S, F64, F64S, TEXT, BYTES, MSG } Kind;
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

typedef struct Row {
    uint8_t message, kind;
    uint32_t number;
    const char *name;
} Row;

static const Row rows[FIELD_COUNT] = {
#define MESSAGE(name)
#define FIELD(message, name, number, kind) {MSG_##message, kind, number, #message "." #name},
#include "core/import/onnx/onnx_fields.def"
};

static const char *const message_name[] = {
#define MESSAGE(name) #name,
#define FIELD(message, name, number, kind)
#include "core/import/onnx/onnx_fields.def"
};

Wire wire_open(const uint8_t *file, Span bytes, MessageId m)
{
    return (Wire){
        .file = file, .at = bytes.at, .end = bytes.n ? bytes.at + bytes.n : bytes.at, .message = m};
}

Wire wire_enter(const Wire *w, const WireField *f, MessageId m)
{
    return wire_open(w->file, f->bytes, m);
}

static bool bad(Wire *w, Err *err, const uint8_t *where, const char *what)
{
    w->failed = true;
    w->at = w->end;
    return REFUSE(err, onnx_malformed, NULL, (size_t)(where - w->file), message_name[w->message],
                  what);
}

/* A varint of at most ten bytes; false if it does not end. */
static bool varint(const uint8_t **at, const uint8_t *end, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (*at == end)
            return false;
        uint8_t byte = *(*at)++;
        if (shift < 64)
            *v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* Takes the next field's payload, of whatever kind; false where it does not fit. */
static bool payload(Wire *w, unsigned wire_type, WireField *f)
{
    uint64_t n;
    f->bytes = (Span){w->at, 0};
    switch (wire_type) {
    case WIRE_VARINT:
        if (!varint(&w->at, w->end, &n))
            return false;
        f->i = (int64_t)n;
        f->bytes.n = (size_t)(w->at - f->bytes.at);
        return true;
    case WIRE_BYTES:
        if (!varint(&w->at, w->end, &n) || n > (uint64_t)(w->end - w->at))
            return false;
        f->bytes = (Span){w->at, (size_t)n};
        w->at += n;
        return true;
    default:
        n = wire_type == WIRE_64 ? 8 : 4;
        if ((uint64_t)(w->end - w->at) < n)
            return false;
        f->bytes.n = (size_t)n;
        w->at += n;
        return true;
    }
}

static double float_at(const uint8_t *p, size_t bytes)
{
    float f;
    double d;
    if (bytes == 4)
        memcpy(&f, p, 4);
    else
        memcpy(&d, p, 8);
    return bytes == 4 ? (double)f : d;
}

static unsigned natural(Kind k)
{
    return k == INT || k == INTS   ? WIRE_VARINT
           : k == F32 || k == F32S ? WIRE_32
           : k == F64 || k == F64S ? WIRE_64
                                   : WIRE_BYTES;
}

static bool may_pack(Kind k)
{
    return k == INTS || k == F32S || k == F64S;
}

bool wire_next(Wire *w, WireField *f, Err *err)
{
    while (w->at < w->end) {
        const uint8_t *start = w->at;
        uint64_t tag;
        if (!varint(&w->at, w->end, &tag))
            return bad(w, err, start, "a field's number does not end");
        unsigned wire_type = tag & 7;
        if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
            return bad(w, err, start, "a field's number is out of range");
        if (wire_type != WIRE_VARINT && wire_type != WIRE_64 && wire_type != WIRE_BYTES &&
            wire_type != WIRE_32)
            return bad(w, err, start, "a field has a kind that ONNX does not use");
        *f = (WireField){.offset = (size_t)(start - w->file)};
        if (!payload(w, wire_type, f))
            return bad(w, err, start, "a field is longer than what contains it");
        for (int id = 0; id < FIELD_COUNT; id++) {
            const Row *row = &rows[id];
            if (row->message != w->message || row->number != tag >> 3)
                continue;
            f->id = (FieldId)id;
            f->packed = wire_type == WIRE_BYTES && may_pack((Kind)row->kind);
            if (wire_type != natural((Kind)row->kind) && !f->packed)
                return bad(w, err, start, row->name);
            if (row->kind == F32 || row->kind == F64)
                f->f = float_at(f->bytes.at, f->bytes.n);
            return true;
        }
    }
    return false;
}

bool wire_int(const WireField *f, size_t *pos, int64_t *v)
{
    const uint8_t *at = f->bytes.at + *pos, *end = f->bytes.at + f->bytes.n;
    uint64_t u;
    if (at == end || !varint(&at, end, &u))
        return false;
    *v = (int64_t)u;
    *pos = (size_t)(at - f->bytes.at);
    return true;
}

bool wire_float(const WireField *f, size_t *pos, double *v)
{
    size_t size = rows[f->id].kind == F64S ? 8 : 4;
    if (f->bytes.n - *pos < size)
        return false;
    *v = float_at(f->bytes.at + *pos, size);
    *pos += size;
    return true;
}

size_t wire_count(const WireField *f)
{
    if (natural((Kind)rows[f->id].kind) != WIRE_VARINT)
        return f->bytes.n / (rows[f->id].kind == F64S ? 8 : 4);
    size_t n = 0;
    for (size_t i = 0; i < f->bytes.n; i++)
        n += !(f->bytes.at[i] & 0x80);
    return n;
}

bool span_is(Span s, const char *text)
{
    return s.n == strlen(text) && !memcmp(s.at, text, s.n);
}
