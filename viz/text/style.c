/* style.c -- inks, marks, and lines cut to the width of the terminal. */
#include "viz/text/style.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The sixteen colours that every terminal maps for its own background. */
static const char *const sgr[INK_COUNT] = {
    [INK_plain] = "",        [INK_strong] = "1",        [INK_quiet] = "2",
    [INK_parallel] = "1;36", [INK_vectorized] = "1;33", [INK_unrolled] = "1;35",
    [INK_block] = "1;34",    [INK_thread] = "1;32",     [INK_buffer] = "36",
    [INK_new] = "1;34",      [INK_gone] = "33",         [INK_moved] = "35",
    [INK_wrong] = "1;31",    [INK_advice] = "32",
};

typedef struct KindLook {
    Ink ink;
    const char *mark, *ascii, *word;
} KindLook;

static const KindLook looks[FOR_COUNT] = {
    [FOR_serial] = {INK_plain, "", "", ""},
    [FOR_parallel] = {INK_parallel, "∥", "||", "parallel"},
    [FOR_vectorized] = {INK_vectorized, "⇉", "=>", "vectorized"},
    [FOR_unrolled] = {INK_unrolled, "≡", "==", "unrolled"},
    [FOR_block_x] = {INK_block, "▦", "##", "blockIdx.x"},
    [FOR_block_y] = {INK_block, "▦", "##", "blockIdx.y"},
    [FOR_block_z] = {INK_block, "▦", "##", "blockIdx.z"},
    [FOR_thread_x] = {INK_thread, "∷", "::", "threadIdx.x"},
    [FOR_thread_y] = {INK_thread, "∷", "::", "threadIdx.y"},
    [FOR_thread_z] = {INK_thread, "∷", "::", "threadIdx.z"},
};

Ink ink_of_kind(ForKind k)
{
    return looks[k].ink;
}

const char *mark_of_kind(ForKind k, bool utf8)
{
    return utf8 ? looks[k].mark : looks[k].ascii;
}

const char *word_of_kind(ForKind k)
{
    return looks[k].word;
}

size_t text_letter(const char *s, uint32_t *cp)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 1;
    uint32_t v = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *cp = p[0];
            return 1;
        }
        v = v << 6 | (p[i] & 0x3F);
    }
    *cp = v;
    return n;
}

static int cols_of(uint32_t cp)
{
    if ((cp >= 0x300 && cp < 0x370) || cp == 0x200B || cp == 0x200D ||
        (cp >= 0xFE00 && cp < 0xFE10))
        return 0;
    bool wide = (cp >= 0x1100 && cp < 0x1160) || (cp >= 0x2E80 && cp < 0xA4D0) ||
                (cp >= 0xAC00 && cp < 0xD7A4) || (cp >= 0xF900 && cp < 0xFB00) ||
                (cp >= 0xFE30 && cp < 0xFE70) || (cp >= 0xFF00 && cp < 0xFF61) ||
                (cp >= 0x1F300 && cp < 0x1F650) || (cp >= 0x1F900 && cp < 0x1FA00);
    return wide ? 2 : 1;
}

int text_cols(const char *s)
{
    int cols = 0;
    uint32_t cp;
    for (; *s; s += text_letter(s, &cp)) {
        text_letter(s, &cp);
        cols += cols_of(cp);
    }
    return cols;
}

size_t text_fit(const char *s, int cols)
{
    size_t at = 0;
    while (s[at]) {
        uint32_t cp;
        size_t n = text_letter(s + at, &cp);
        cols -= cols_of(cp);
        if (cols < 0)
            break;
        at += n;
    }
    return at;
}

Line line_begin(Buf *out, TextStyle style)
{
    return (Line){.out = out, .style = style};
}

/* Names come from files that others wrote: a control character would steer the terminal. */
void ink_text(Buf *out, bool color, Ink ink, const char *text, size_t n)
{
    bool colored = color && *sgr[ink] && n;
    if (colored)
        buf_printf(out, "\x1b[%sm", sgr[ink]);
    for (size_t i = 0; i < n; i++)
        buf_putc(out, (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
    if (colored)
        buf_puts(out, "\x1b[0m");
}

void style_cut(TextStyle style)
{
    if (style.cut)
        *style.cut = true;
}

void line_put(Line *l, Ink ink, const char *text)
{
    if (l->cut)
        return;
    int cols = text_cols(text);
    if (l->style.width > 0 && l->col + cols > l->style.width) {
        const char *more = l->style.utf8 ? "…" : "...";
        int room = l->style.width - l->col - text_cols(more);
        if (room >= 0) {
            size_t n = text_fit(text, room);
            ink_text(l->out, l->style.color, ink, text, n);
            ink_text(l->out, l->style.color, INK_quiet, more, strlen(more));
            l->col += text_cols(arena_strndup(l->out->arena, text, n)) + text_cols(more);
        }
        l->cut = true;
        style_cut(l->style);
        return;
    }
    ink_text(l->out, l->style.color, ink, text, strlen(text));
    l->col += cols;
}

void line_printf(Line *l, Ink ink, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char small[512];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if ((size_t)n < sizeof small) {
        line_put(l, ink, small);
        return;
    }
    char *big = arena_alloc(l->out->arena, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(big, (size_t)n + 1, fmt, ap);
    va_end(ap);
    line_put(l, ink, big);
}

void line_to(Line *l, int col)
{
    while (l->col < col && !l->cut)
        line_put(l, INK_plain, " ");
}

void line_end(Line *l)
{
    while (l->out->len && l->out->data[l->out->len - 1] == ' ')
        l->out->len--;
    buf_putc(l->out, '\n');
    l->col = 0;
    l->cut = false;
}
