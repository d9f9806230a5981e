/* words.c -- the words of a PTX text. */
#include "tests/ptx/reader.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_$%.", c));
}

static void pass_blank(Reader *r)
{
    for (;;) {
        if (*r->at == '\n')
            r->line++;
        if (isspace((unsigned char)*r->at)) {
            r->at++;
        } else if (r->at[0] == '/' && r->at[1] == '/') {
            r->at += strcspn(r->at, "\n");
        } else {
            return;
        }
    }
}

void word_next(Reader *r)
{
    pass_blank(r);
    r->now = (Word){WORD_sign, r->at, 1, r->line};
    if (!*r->at) {
        r->now = (Word){WORD_end, r->at, 0, r->line};
        return;
    }
    if (in_name(*r->at)) {
        r->now.kind = isdigit((unsigned char)*r->at) ? WORD_number : WORD_name;
        while (in_name(r->at[r->now.n]))
            r->now.n++;
    }
    r->at += r->now.n;
}

bool word_followed_by(const Reader *r, char sign)
{
    return *r->at == sign;
}

bool word_same(Word a, Word b)
{
    return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

bool word_equals(Word w, const char *text)
{
    return w.n == strlen(text) && memcmp(w.s, text, w.n) == 0;
}

bool word_is(const Reader *r, const char *text)
{
    return word_equals(r->now, text);
}

bool word_take(Reader *r, const char *text)
{
    if (!word_is(r, text))
        return false;
    word_next(r);
    return true;
}

void word_want(Reader *r, const char *text)
{
    if (!word_take(r, text))
        refuse(r, r->now.line, "'%s' is expected before '%.*s'", text, (int)r->now.n, r->now.s);
}

bool refuse(Reader *r, int line, const char *fmt, ...)
{
    static const char nothing[] = "";
    if (!r->why[0]) {
        int n = snprintf(r->why, PTX_WHY, "line %d: ", line);
        va_list args;
        va_start(args, fmt);
        vsnprintf(r->why + n, PTX_WHY - (size_t)n, fmt, args);
        va_end(args);
    }
    r->at = nothing;
    r->now = (Word){WORD_end, nothing, 0, line};
    return false;
}

uint64_t word_number(Reader *r, unsigned *bits)
{
    bool minus = word_take(r, "-");
    Word w = r->now;
    char text[24], *end = text;
    *bits = 0;
    if (w.kind != WORD_number || w.n >= sizeof text)
        return refuse(r, w.line, "a number is expected before '%.*s'", (int)w.n, w.s);
    memcpy(text, w.s, w.n);
    text[w.n] = '\0';
    uint64_t v;
    if (text[0] == '0' && (text[1] == 'f' || text[1] == 'd')) {
        *bits = text[1] == 'f' ? 32 : 64;
        v = strtoull(text + 2, &end, 16);
        if (minus || w.n != 2 + *bits / 4)
            return refuse(r, w.line, "'%s' is no float of %u bits", text, *bits);
    } else {
        v = strtoull(text, &end, 0);
        end += *end == 'U';
        v = minus ? 0 - v : v;
    }
    if (*end)
        return refuse(r, w.line, "'%s' is no number that is known", text);
    word_next(r);
    return v;
}

uint64_t word_integer(Reader *r)
{
    unsigned bits;
    uint64_t v = word_number(r, &bits);
    return bits ? refuse(r, r->now.line, "an integer is expected") : v;
}

void *list_grow(void *at, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return at;
    *cap = *cap ? 2 * *cap : 16;
    at = realloc(at, *cap * size);
    if (!at)
        abort();
    return at;
}
