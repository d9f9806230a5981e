/* wire.h -- reading protobuf's wire format where it lies, one field at a time.
**
** Nothing is copied and nothing is allocated: a field that holds bytes is a span of the file.  A
** message inside a message is a span too, read by another Wire, and only the messages of
** onnx_fields.def are entered, so depth is bounded by the schema; what it does not name is
** stepped over.  Every length is checked against what contains it.
**
**      Wire w = wire_open(file, MSG_Model);
**      for (WireField f; wire_next(&w, &f, err);)
**          if (f.id == Model_graph) …
**      if (w.failed) return false;
*/
#ifndef CORE_IMPORT_ONNX_WIRE_H
#define CORE_IMPORT_ONNX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

typedef enum MessageId {
#define MESSAGE(name) MSG_##name,
#define FIELD(message, name, number, kind)
#include "core/import/onnx/onnx_fields.def"
    MSG_COUNT
} MessageId;

typedef enum FieldId {
#define MESSAGE(name)
#define FIELD(message, name, number, kind) message##_##name,
#include "core/import/onnx/onnx_fields.def"
    FIELD_COUNT
} FieldId;

typedef struct Span {
    const uint8_t *at;
    size_t n;
} Span;

typedef struct Wire {
    const uint8_t *file; /* where offsets count from */
    const uint8_t *at, *end;
    MessageId message;
    bool failed;
} Wire;

typedef struct WireField {
    FieldId id;
    bool packed;   /* a repeated number: `bytes` has several of them */
    size_t offset; /* in the file */
    int64_t i;     /* INT */
    double f;      /* F32, F64 */
    Span bytes;    /* TEXT, BYTES, MSG, and packed numbers */
} WireField;

Wire wire_open(const uint8_t *file, Span bytes, MessageId m);

/* The message in field `f` of `w`. */
Wire wire_enter(const Wire *w, const WireField *f, MessageId m);

/* The next field that the table names.  False at the end, and, with w->failed and the error set,
** where the bytes are no message. */
bool wire_next(Wire *w, WireField *f, Err *err);

/* The numbers of a repeated field, one call for each; start with pos 0.  False after the last, or
** where the bytes are none. */
bool wire_int(const WireField *f, size_t *pos, int64_t *v);
bool wire_float(const WireField *f, size_t *pos, double *v);

/* How many numbers the field holds; its bytes bound it. */
size_t wire_count(const WireField *f);

bool span_is(Span s, const char *text);

#endif
