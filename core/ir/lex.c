/* lex.c -- splitting text into lines and tokens. */
#include "core/ir/lex.h"

#include <ctype.h>
#include <string.h>

#include "core/base/vec.h"

/* Where the code of a line ends: before a comment and the blanks in front of it. */
static const char *code_end(const char *s, const char *end)
{
    bool quoted = false;
    const char *p = s;
    for (; p < end; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (*p == '#' && !quoted)
            break;
    }
    while (p > s && isspace((unsigned char)p[-1]))
        p--;
    return p;
}

static int open_brackets(const char *s, const char *end)
{
    int open = 0;
    for (; s < end; s++)
        open += strchr("([{", *s) ? 1 : strchr(")]}", *s) ? -1 : 0;
    return open;
}

const Line *lex_lines(Arena *A, const char *text, size_t *count)
{
    VEC(Line) lines = {0};
    int number = 0;
    for (const char *s = text; *s;) {
        const char *eol = strchrnul(s, '\n'), *first = s;
        int indent = 0, at = ++number;
        for (; first < eol && isspace((unsigned char)*first); first++)
            indent += *first == '\t' ? 8 - indent % 8 : 1;
        const char *end = code_end(first, eol);
        while (end > first && open_brackets(first, end) > 0 && *eol) {
            const char *next = strchrnul(eol + 1, '\n');
            number++;
            end = code_end(eol + 1, next);
            eol = next;
        }
        if (end > first) {
            Line line = {at, indent, arena_strndup(A, first, (size_t)(end - first)),
                         (size_t)(end - first)};
            vec_push(A, &lines, line);
        }
        s = *eol ? eol + 1 : eol;
    }
    *count = lines.n;
    return lines.at;
}

static bool name_char(const char *p, const char *end)
{
    if (isalnum((unsigned char)*p) || *p == '_')
        return true;
    return *p == '.' && p + 1 < end && (isalnum((unsigned char)p[1]) || p[1] == '_');
}

static Token number(const char *at, const char *end)
{
    const char *p = at;
    bool is_float = false;
    while (p < end && isdigit((unsigned char)*p))
        p++;
    if (p < end && *p == '.') {
        is_float = true;
        for (p++; p < end && isdigit((unsigned char)*p); p++) {
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1;
        if (q < end && (*q == '+' || *q == '-'))
            q++;
        if (q < end && isdigit((unsigned char)*q)) {
            is_float = true;
            for (p = q; p < end && isdigit((unsigned char)*p); p++) {
            }
        }
    }
    return (Token){is_float ? TOK_FLOAT : TOK_INT, at, (size_t)(p - at)};
}

Token lex_token(const char *at, const char *end)
{
    static const char *const symbols[] = {
        "max=", "min=", "fma=", "->", ":+", "+=", "*=", "//", "==", "!=", "<=", ">=", "<<", ">>"};
    while (at < end && isspace((unsigned char)*at))
        at++;
    if (at == end)
        return (Token){TOK_END, at, 0};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        size_t n = strlen(symbols[i]);
        if ((size_t)(end - at) >= n && memcmp(at, symbols[i], n) == 0 &&
            !(n == 4 && at + 4 < end && at[4] == '='))
            return (Token){TOK_SYMBOL, at, n};
    }
    if (isdigit((unsigned char)*at))
        return number(at, end);
    if (isalpha((unsigned char)*at) || *at == '_') {
        const char *p = at;
        while (p < end && name_char(p, end))
            p++;
        return (Token){TOK_NAME, at, (size_t)(p - at)};
    }
    if (*at == '"') {
        const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
        return close ? (Token){TOK_STRING, at, (size_t)(close + 1 - at)} : (Token){TOK_BAD, at, 1};
    }
    return (Token){strchr("()[]{},:=+-*/%<>&|^", *at) ? TOK_SYMBOL : TOK_BAD, at, 1};
}
