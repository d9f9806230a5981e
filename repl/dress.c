/* dress.c -- an error's text as a terminal shows it: its width, its length, its colours.
**
**      demo.lua:3: REFUSED parallel(ic): ic is a sum …    the head: a sentence
**      >         for ic in range(16):                     lines of a program, or of the input
**        legal here: s:parallel("y")   (…)                advice: a sentence with Lua in it
**        called from demo.lua:9                           who called
*/
#include "repl/dress.h"

#include <string.h>

#include "lua_api/session.h"
#include "viz/text/style.h"
#include "viz/text/wrap.h"

/* ---- inks ---- */

static void ink_line(Buf *out, bool color, Ink ink, const char *line)
{
    ink_text(out, color, ink, line, strlen(line));
}

/* Plain text in which 'names' stand out. */
static void add_names(Buf *out, bool color, const char *text)
{
    for (const char *open; (open = strchr(text, '\'')) != NULL;) {
        const char *close = strchr(open + 1, '\'');
        if (!close || memchr(open, ' ', (size_t)(close - open)))
            close = open;
        ink_text(out, color, INK_plain, text, (size_t)(open - text));
        ink_text(out, color, close > open ? INK_buffer : INK_plain, open,
                 (size_t)(close + 1 - open));
        text = close + 1;
    }
    ink_line(out, color, INK_plain, text);
}

/* The place, the word that says what this is, the operation, and why. */
static void add_head(Buf *out, bool color, const char *head)
{
    static const char *const words[] = {"REFUSED ", "syntax error: ", "error: "};
    const char *word = NULL, *end = head;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *at = strstr(head, words[i]);
        if (at && (!word || at < word)) {
            word = at;
            end = at + strlen(words[i]);
        }
    }
    if (word) {
        ink_text(out, color, INK_quiet, head, (size_t)(word - head));
        ink_text(out, color, INK_wrong, word, (size_t)(end - 1 - word));
        ink_text(out, color, INK_plain, " ", 1);
    }
    const char *operation = strstr(end, ": ");
    bool refused = word && word[0] == 'R';
    if (word && operation && (refused || !memchr(end, ' ', (size_t)(operation - end)))) {
        ink_text(out, color, INK_strong, end, (size_t)(operation - end));
        end = operation;
    }
    add_names(out, color, end);
}

/* "  legal here: s:parallel("y") (schedule unchanged, still at step 3)", its
** indentation left out. */
static void add_advice(Buf *out, bool color, const char *line)
{
    const char *label = strchr(line, ':') + 2, *note = strstr(label, "   (");
    size_t len = note ? (size_t)(note - label) : strlen(label);
    bool sentence = strncmp(line, "  hint", 6) == 0;
    ink_text(out, color, INK_quiet, line + 2, (size_t)(label - line) - 2);
    if (sentence)
        add_names(out, color, arena_strndup(out->arena, label, len));
    else
        ink_text(out, color, INK_advice, label, len);
    if (note)
        ink_line(out, color, INK_quiet, note);
}

static void add_program_line(Buf *out, bool color, int width, const char *line)
{
    Buf plain = buf_new(out->arena);
    for (; *line; line++) /* a mark below stands under its place with any tab stops */
        buf_puts(&plain, *line == '\t' ? "    " : (char[]){*line, '\0'});
    const char *text = buf_str(&plain);
    bool cut = width > 0 && text_cols(text) > width;
    size_t len = cut ? text_fit(text, width - 1) : plain.len;
    bool mark = text[strspn(text, " ^")] == '\0';
    Ink ink = mark ? INK_wrong : text[0] == '>' ? INK_strong : INK_quiet;
    ink_text(out, color, ink, text, len);
    if (cut)
        ink_line(out, color, INK_quiet, "…");
}

/* ---- lines ---- */

/* Is the line, which is not the first, in words?  The others are lines of a program. */
static bool is_sentence(const char *line)
{
    static const char *const heads[] = {"  hint: ", "  try: ", "  legal here: "};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strncmp(line, heads[i], strlen(heads[i])) == 0)
            return true;
    return false;
}

/* Copies the lines of `text`, each as its kind wants it. */
static void add_lines(Buf *out, const char *text, int width, bool color)
{
    for (bool first = true; *text; first = false) {
        size_t len = strcspn(text, "\n");
        const char *line = arena_strndup(out->arena, text, len);
        Buf sentence = buf_new(out->arena);
        if (!first)
            buf_putc(out, '\n');
        if (first) {
            add_head(&sentence, color, line);
            wrap_text(out, buf_str(&sentence), 0, 2, width);
        } else if (is_sentence(line)) {
            add_advice(&sentence, color, line);
            buf_puts(out, "  ");
            wrap_text(out, buf_str(&sentence), 2, 4, width);
        } else {
            add_program_line(out, color, width, line);
        }
        text += len + (text[len] == '\n');
    }
}

/* Cuts the text on top after 12 lines; what is to be done about it, the last line, stays. */
static void cut_lines(lua_State *L)
{
    enum { MOST = 12 };
    const char *text = lua_tostring(L, -1), *last = strrchr(text, '\n'), *p = text, *cut = text;
    int lines = 1;
    for (; (p = strchr(p, '\n')); p++)
        if (lines++ == MOST - 2)
            cut = p;
    if (lines <= MOST)
        return;
    lua_pushlstring(L, text, (size_t)(cut - text));
    lua_pushfstring(L, "%s\n  …%s", lua_tostring(L, -1), last);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

void dress_error(lua_State *L, int width, bool color)
{
    Arena *A = lua_scratch(L, NULL);
    Buf out = buf_new(A);
    if (width > 0 || color) {
        add_lines(&out, lua_tostring(L, -2), width, color);
        lua_scratch_text(L, A, buf_str(&out));
    } else {
        lua_scratch_end(L, A);
        lua_pushvalue(L, -1);
    }
    lua_remove(L, -2);
    cut_lines(L);
}
