/* doctest.c -- running the examples in the docstrings.
**
** A line "> input" is run as the prompt would run it; the lines below it, up to the next input or
** an empty line, are what it must print.  An input goes on over several "> " lines while it does
** not parse.  In what is expected `…` stands for anything within a line, and a line of `…` for any
** lines. Each docstring gets a state of its own.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "lua_api/doc.h"
#include "repl/eval.h"
#include "repl/start.h"

typedef struct Example {
    const char *name; /* of the function */
    lua_State *L;     /* made when the first example needs it */
    Arena *A;
    int run, failed;
} Example;

static const char *line_end(const char *p)
{
    return strchrnul(p, '\n');
}

/* Does one line fit, where `…` in `want` stands for anything? */
static bool fits_line(const char *want, size_t nwant, const char *got, size_t ngot)
{
    static const char any[] = "…";
    size_t nany = sizeof any - 1;
    const char *gap = memmem(want, nwant, any, nany);
    if (!gap)
        return nwant == ngot && memcmp(want, got, ngot) == 0;
    size_t head = (size_t)(gap - want);
    if (head > ngot || memcmp(want, got, head) != 0)
        return false;
    for (size_t skip = head; skip <= ngot; skip++)
        if (fits_line(gap + nany, nwant - head - nany, got + skip, ngot - skip))
            return true;
    return false;
}

/* Do all lines fit?  Both texts end each line with a newline. */
static bool fits(const char *want, const char *got)
{
    while (*want) {
        const char *end = line_end(want), *next = *end ? end + 1 : end;
        if (strncmp(want, "…\n", strlen("…\n")) == 0) {
            for (;; got = line_end(got) + 1) {
                if (fits(next, got))
                    return true;
                if (!*got)
                    return false;
            }
        }
        const char *got_end = line_end(got);
        if (!*got || !fits_line(want, (size_t)(end - want), got, (size_t)(got_end - got)))
            return false;
        want = next;
        got = *got_end ? got_end + 1 : got_end;
    }
    return !*got;
}

/* Runs an input in a state that begins fresh with each docstring; the text belongs to the arena. */
static const char *run_input(Example *x, const char *input)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!x->L)
        x->L = start_plain_session();
    if (!out || !x->L)
        return "cannot run: not enough memory\n";
    eval_input(x->L, input, "=example", out, out);
    fclose(out);
    const char *copy = arena_strndup(x->A, text, len);
    free(text);
    return copy;
}

static void check(Example *x, const char *input, const char *want)
{
    const char *got = run_input(x, input);
    x->run++;
    if (fits(want, got))
        return;
    x->failed++;
    printf("%s: > %sprints\n%sbut should print\n%s", x->name, input, got, want);
}

/* Takes the next input and what it should print out of *doc; false at the end. */
static bool next_example(Example *x, const char **doc, const char **input, const char **want)
{
    const char *p = *doc;
    while (*p && strncmp(p, "> ", 2) != 0)
        p = *line_end(p) ? line_end(p) + 1 : line_end(p);
    if (!*p)
        return false;
    Buf in = buf_new(x->A), out = buf_new(x->A);
    if (!x->L)
        x->L = start_plain_session();
    do {
        const char *end = line_end(p);
        buf_printf(&in, "%.*s\n", (int)(end - p - 2), p + 2);
        p = *end ? end + 1 : end;
    } while (strncmp(p, "> ", 2) == 0 && x->L && eval_is_incomplete(x->L, buf_str(&in)));
    while (*p && *p != '\n' && strncmp(p, "> ", 2) != 0) {
        const char *end = line_end(p);
        buf_printf(&out, "%.*s\n", (int)(end - p), p);
        p = *end ? end + 1 : end;
    }
    *doc = p;
    *input = buf_str(&in);
    *want = buf_str(&out);
    return true;
}

/* Runs one docstring and prints its verdict; returns whether it failed. */
static bool run_doc(const char *name, const char *doc)
{
    Example x = {.name = name, .A = arena_new(NULL)};
    const char *input, *want;
    while (next_example(&x, &doc, &input, &want))
        check(&x, input, want);
    if (x.run)
        printf("%sok %s\n", x.failed ? "not " : "", name);
    fflush(stdout);
    if (x.L)
        lua_close(x.L);
    arena_release(x.A);
    return x.failed > 0;
}

static bool wanted(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return true;
    return argc <= 1;
}

static bool run_function(const LuaFn *fn, const char *owner, int argc, char **argv)
{
    LuaFnName n = lua_fn_name(fn);
    char name[128];
    const char *place = owner ? owner : n.place;
    snprintf(name, sizeof name, "doc/%s%s%s", place,
             place[0] ? n.kind == FN_METHOD ? ":" : "." : "", n.name);
    return wanted(argc, argv, name) && run_doc(name, fn->doc);
}

int doctest_main(int argc, char **argv)
{
    lua_State *L = start_plain_session(); /* only to walk what is registered */
    if (!L)
        return EXIT_failed;
    bool failed = false;
    const LuaFn *fn;
    const LuaClass *cls;
    for (int i = 0; (fn = doc_function(L, i)); i++)
        failed |= run_function(fn, NULL, argc, argv);
    for (int i = 0; (cls = doc_class(L, i)); i++) {
        char name[96];
        snprintf(name, sizeof name, "doc/%s", cls->name);
        failed |= wanted(argc, argv, name) && run_doc(name, cls->doc);
        for (size_t k = 0; (fn = lua_member(cls, k)); k++)
            failed |= run_function(fn, cls->name, argc, argv);
    }
    lua_close(L);
    return failed ? EXIT_failed : EXIT_ok;
}
