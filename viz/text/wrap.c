/* wrap.c -- filling lines. */
#include "viz/text/wrap.h"

#include <string.h>

#include "core/base/vec.h"
#include "viz/text/style.h"

/* Columns of a word; colours take none. */
static int word_cols(Arena *A, const char *word, size_t len)
{
    char *plain = arena_alloc(A, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (word[i] != '\x1b')
            plain[n++] = word[i];
        else
            while (i + 1 < len && word[i] != 'm')
                i++;
    }
    return text_cols(plain);
}

void wrap_text(Buf *out, const char *text, int col, int indent, int width)
{
    bool begun = false; /* a word stands in this line */
    while (*text) {
        int blanks = (int)strspn(text, " \n");
        text += blanks;
        size_t len = strcspn(text, " \n");
        if (len == 0)
            break;
        int wide = word_cols(out->arena, text, len);
        if (begun && width > 0 && col + blanks + wide > width) {
            buf_putc(out, '\n');
            buf_pad(out, ' ', indent);
            col = indent;
        } else if (begun) {
            buf_pad(out, ' ', blanks);
            col += blanks;
        }
        buf_add(out, text, len);
        col += wide;
        text += len;
        begun = true;
    }
}

/* Adds what stands left of the words of a line, as it stands below it: blanks, and of a tree the
** bars.  Returns the bytes that this is of the line. */
static size_t put_margin(Buf *out, const char *line, size_t len)
{
    static const struct {
        const char *here, *below;
    } bars[] = {{"│", "│"}, {"├", "│"}, {"└", " "}, {"─", " "}, {"|", "|"},
                {"`", " "}, {"-", " "}, {" ", " "}, {"+", " "}, {"~", " "}};
    enum { BARS = sizeof bars / sizeof *bars };
    size_t end = 0;
    for (size_t at = 0, i; at < len; at += i) {
        if (line[at] == '\x1b') {
            i = strcspn(line + at, "m") + 1;
            continue;
        }
        size_t k = 0;
        while (k < BARS && strncmp(line + at, bars[k].here, strlen(bars[k].here)) != 0)
            k++;
        if (k == BARS)
            break;
        buf_puts(out, bars[k].below);
        i = strlen(bars[k].here);
        end = at + i;
    }
    return end;
}

void wrap_lines(Buf *out, const char *text, int width)
{
    enum { INDENT = 2 };
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        Buf margin = buf_new(out->arena);
        size_t at = put_margin(&margin, line, len);
        int left = text_cols(buf_str(&margin));
        if (word_cols(out->arena, line, len) <= width || left + 2 * INDENT >= width) {
            buf_add(out, line, len);
        } else {
            Buf words = buf_new(out->arena);
            wrap_text(&words, arena_strndup(out->arena, line + at, len - at), left, left + INDENT,
                      width);
            buf_add(out, line, at);
            for (const char *p = buf_str(&words); *p; p++) {
                buf_putc(out, *p);
                if (*p == '\n') { /* the bars stand in place of the blanks */
                    buf_puts(out, buf_str(&margin));
                    p += left;
                }
            }
        }
        line += len;
        if (*line)
            buf_putc(out, *line++);
    }
}

/* Blanks, and what begins a comment where the whole line is one. */
static size_t listing_margin(const char *line, bool *comment)
{
    size_t n = strspn(line, " \t"), mark = strspn(line + n, "#;/");
    *comment = mark > 0;
    return n + mark;
}

/* The last blank of [line, end) at which it may be broken to have at most `width` columns, `col` of
** which are taken; NULL: there is none, or it fits. */
static const char *listing_break(const char *line, const char *end, int col, int width,
                                 bool comment, int *depth)
{
    const char *found = NULL;
    int here = *depth;
    bool quoted = false, noted = false, behind_comma = false;
    for (const char *p = line; p < end; p++) {
        bool breaks = *p == ' ' && !quoted && !noted && (comment || here > 0);
        bool comma = breaks && p > line && p[-1] == ',';
        if (breaks && (comma || !behind_comma)) {
            behind_comma = comma && col > width / 2; /* there sooner than elsewhere */
            found = p;
            *depth = here;
        }
        noted |= !comment && *p == '#' && p > line && p[-1] == ' '; /* what follows is a comment */
        quoted ^= *p == '"';
        here += !quoted && strchr("([{", *p) ? 1 : !quoted && strchr(")]}", *p) ? -1 : 0;
        col = *p == '\t' ? (col / 8 + 1) * 8 : col + (((unsigned char)*p & 0xc0) != 0x80);
        if (col > width)
            return found;
    }
    return NULL;
}

void wrap_listing(Buf *out, const char *text, int width)
{
    enum { INDENT = 4 };
    for (const char *line = text; *line; line += *line == '\n') {
        const char *end = strchrnul(line, '\n'), *at;
        bool comment;
        size_t margin = listing_margin(line, &comment);
        int indent = (int)strspn(line, " ") + INDENT, col = 0, depth = 0;
        const char *from = line;
        while (indent < width / 2 &&
               (at = listing_break(from + (col ? 0 : margin), end, col ? col : (int)margin, width,
                                   comment, &depth)) != NULL) {
            buf_add(out, from, (size_t)(at - from));
            buf_putc(out, '\n');
            if (comment)
                buf_add(out, line, margin);
            buf_pad(out, ' ', comment ? INDENT : indent);
            col = comment ? (int)margin + INDENT : indent;
            from = at + 1;
        }
        buf_add(out, from, (size_t)(end - from));
        if (*end)
            buf_putc(out, '\n');
        line = end;
    }
}

static size_t line_length(const char *line)
{
    return strcspn(line, "\n");
}

/* Is the line part of a paragraph, where no example is open? */
static bool is_prose(const char *line)
{
    return *line && *line != ' ' && *line != '\n' && strncmp(line, "> ", 2) != 0;
}

void wrap_doc(Buf *out, const char *doc, int indent, int width)
{
    bool example = false;
    for (bool first = true; *doc; first = false) {
        size_t len = line_length(doc);
        if (!first)
            buf_putc(out, '\n');
        example = len > 0 && (example || strncmp(doc, "> ", 2) == 0);
        if (len > 0)
            buf_pad(out, ' ', indent);
        if (!example && is_prose(doc)) {
            while (doc[len] == '\n' && is_prose(doc + len + 1))
                len += 1 + line_length(doc + len + 1);
            wrap_text(out, arena_strndup(out->arena, doc, len), indent, indent, width);
        } else {
            const char *line = arena_strndup(out->arena, doc, len);
            CodeLines code = {1, &line};
            if (width > 0 && text_cols(line) > width - indent)
                code = wrap_code(out->arena, line, width - indent);
            for (size_t i = 0; i < code.n; i++)
                buf_printf(out, "%s%*s%s", i ? "\n" : "", i ? indent : 0, "", code.line[i]);
        }
        doc += len + (doc[len] == '\n');
    }
}

/* How bad it is to break at this blank: least after a comma and before "and". */
static int break_cost(const char *code, size_t i, int depth)
{
    bool loose = code[i - 1] == ',' || code[i - 1] == ';' || strncmp(code + i, " and ", 5) == 0 ||
                 strncmp(code + i, " or ", 4) == 0;
    bool before_operator = strchr("+-*/%<>=!", code[i + 1]) != NULL;
    return 4 * depth + (loose ? 0 : before_operator ? 1 : 2);
}

/* Where the code is broken: a blank at which its first line ends, or its length.  The right half of
** the line is looked at, else the left. */
static size_t code_break(const char *code, int cols)
{
    size_t fit = text_fit(code, cols), best = 0;
    int depth = 0, cost = 0;
    if (!code[fit])
        return fit;
    for (size_t i = 0; i <= fit; i++) {
        depth += code[i] == '(' || code[i] == '[';
        depth -= code[i] == ')' || code[i] == ']';
        if (code[i] != ' ' || i == 0)
            continue;
        int now = break_cost(code, i, depth);
        if (!best || best < fit / 2 || now <= cost) {
            best = i;
            cost = now;
        }
    }
    return best ? best : fit;
}

CodeLines wrap_code(Arena *A, const char *code, int cols)
{
    enum { INDENT = 4 };
    VEC(const char *) lines = {0};
    while (*code) {
        int indent = lines.n ? INDENT : 0;
        size_t n = code_break(code, cols - indent);
        const char *line = arena_printf(A, "%*s%.*s", indent, "", (int)n, code);
        vec_push(A, &lines, line);
        code += n + strspn(code + n, " ");
    }
    return (CodeLines){lines.n, lines.at};
}
