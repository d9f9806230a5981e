/* buf.c -- growth by doubling; what is outgrown goes with the arena. */
#include "core/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/format.h"
#include "core/base/utf8.h"

Buf buf_new(Arena *a)
{
    return (Buf){.arena = a};
}

static void reserve(Buf *b, size_t more)
{
    if (b->len + more + 1 <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < b->len + more + 1)
        cap *= 2;
    char *data = arena_room(b->arena, cap, 1);
    if (b->len)
        memcpy(data, b->data, b->len);
    b->data = data;
    b->cap = cap;
}

void buf_add(Buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    reserve(b, n);
    memcpy(b->data + b->len, bytes, n);
    b->len += n;
}

void buf_puts(Buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_putc(Buf *b, char c)
{
    reserve(b, 1);
    b->data[b->len++] = c;
}

void buf_pad(Buf *b, char c, int n)
{
    for (int i = 0; i < n; i++)
        buf_putc(b, c);
}

void buf_printf(Buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    char small[256];
    int n = format_text(small, sizeof small, fmt, ap);
    reserve(b, (size_t)n);
    if ((size_t)n < sizeof small)
        memcpy(b->data + b->len, small, (size_t)n);
    else
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
    b->len += (size_t)n;
    va_end(again);
    va_end(ap);
}

void buf_plain(Buf *b, const char *bytes, size_t n)
{
    for (const char *end = bytes + n; bytes < end;) {
        size_t len = utf8_char(bytes, end);
        if (len && !utf8_is_control(bytes, len)) {
            buf_add(b, bytes, len);
            bytes += len;
        } else {
            buf_printf(b, "\\x%02x", (unsigned char)*bytes++);
        }
    }
}

bool buf_cut(Buf *b, const char *s, int most)
{
    size_t end = 0, kept = 0; /* kept: the letters that leave room for the mark */
    for (int n = 0; s[end]; end++)
        if (((unsigned char)s[end] & 0xc0) != 0x80) {
            kept = n == most - 1 ? end : kept;
            if (n++ == most) {
                buf_add(b, s, kept);
                buf_puts(b, "…");
                return true;
            }
        }
    buf_add(b, s, end);
    return false;
}

const char *buf_str(Buf *b)
{
    reserve(b, 0);
    b->data[b->len] = '\0';
    return b->data;
}

const char *text_cut(Arena *A, const char *s, int most)
{
    Buf out = buf_new(A);
    buf_cut(&out, s, most);
    return buf_str(&out);
}

int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *text_bytes(Arena *A, int64_t bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t u = 0;
    double v = (double)bytes;
    while (v >= 1024 && u + 1 < sizeof unit / sizeof *unit) {
        v /= 1024;
        u++;
    }
    if (v == (double)(int64_t)v || v >= 100)
        return arena_printf(A, "%.0f %s", v, unit[u]);
    return arena_printf(A, "%.1f %s", v, unit[u]);
}
