/* manual.c -- the reference manual, as Markdown, from the docstrings and the tables. */
#include <stdio.h>
#include <string.h>

#include "core/base/err_rows.h"
#include "lua_api/doc.h"
#include "repl/start.h"

/* Text as it stands; examples, and drawings of programs, which are indented, in a block. */
static void print_doc(const char *doc)
{
    bool code = false, drawing = false;
    while (*doc) {
        const char *end = strchrnul(doc, '\n');
        if (drawing && *doc != ' ') {
            fputs("```\n", stdout);
            code = drawing = false;
        }
        if (!code && (strncmp(doc, "> ", 2) == 0 || *doc == ' ')) {
            fputs(*doc == ' ' ? "\n```\n" : "\n```lua\n", stdout);
            drawing = *doc == ' ';
            code = true;
        } else if (code && end == doc) {
            fputs("```\n", stdout);
            code = false;
        }
        printf("%.*s\n", (int)(end - doc), doc);
        doc = *end ? end + 1 : end;
    }
    fputs(code ? "```\n\n" : "\n", stdout);
}

static void print_function(const LuaFn *fn)
{
    printf("### `%s`\n\n", fn->sig);
    print_doc(fn->doc);
}

static void print_place(lua_State *L, const char *place)
{
    const LuaFn *fn;
    for (int i = 0; (fn = doc_function(L, i)); i++)
        if (strcmp(lua_fn_name(fn).place, place) == 0)
            print_function(fn);
}

static void print_class(const LuaClass *cls)
{
    printf("## %s\n\n", cls->name);
    print_doc(cls->doc);
    const LuaFn *fn;
    for (size_t i = 0; (fn = lua_member(cls, i)); i++)
        print_function(fn);
}

static void print_cell(Buf *b, const char *text)
{
    b->len = 0;
    err_row_text(b, text);
    for (const char *p = buf_str(b); *p; p++)
        printf(*p == '|' ? "\\%c" : "%c", *p);
}

static void print_errors(void)
{
    fputs("## Errors\n\n"
          "What `e.code` can be, and what the message says.\n\n"
          "| code | message | way out |\n|---|---|---|\n",
          stdout);
    Arena *A = arena_new(NULL);
    Buf b = buf_new(A);
    const ErrRow *row;
    for (size_t i = 0; (row = err_row_at(i)); i++) {
        printf("| `%s` | ", row->code);
        print_cell(&b, row->why);
        fputs(" | ", stdout);
        print_cell(&b, row->fix);
        fputs(" |\n", stdout);
    }
    arena_release(A);
}

int manual_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    lua_State *L = start_plain_session();
    if (!L)
        return EXIT_failed;
    printf("# Reference\n\nMade by `tvmrepl --manual`; the same text answers `help`.\n\n");
    const char *name, *doc;
    for (int i = 0; doc_module(L, i, &name, &doc); i++) {
        printf("## %s\n\n", name);
        print_doc(doc);
        print_place(L, name);
    }
    const LuaClass *cls;
    for (int i = 0; (cls = doc_class(L, i)); i++)
        print_class(cls);
    printf("## Globals and Lua's own\n\n");
    print_place(L, "");
    print_place(L, "coroutine");
    print_errors();
    lua_close(L);
    return EXIT_ok;
}
