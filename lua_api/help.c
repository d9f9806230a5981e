/* help.c -- help() and its parts, from the descriptors. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err_rows.h"
#include "core/base/nearest.h"
#include "core/base/vec.h"
#include "lua_api/doc.h"
#include "lua_api/lua_typed.h"
#include "lua_api/mentions.h"
#include "lua_api/protect.h"
#include "viz/text/style.h"
#include "viz/text/wrap.h"

static const void *registered(lua_State *L, SessionTable table, int i)
{
    session_push_table(L, table);
    lua_rawgeti(L, -1, i + 1);
    const void *p = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return p;
}

const LuaFn *doc_function(lua_State *L, int i)
{
    return registered(L, TABLE_FUNCTIONS, i);
}
const LuaClass *doc_class(lua_State *L, int i)
{
    return registered(L, TABLE_CLASSES, i);
}

const LuaFn *doc_method(lua_State *L, const char *class, const char *key)
{
    const LuaClass *cls;
    const LuaFn *m;
    for (int i = 0; (cls = doc_class(L, i)); i++)
        for (size_t k = 0; strcmp(cls->name, class) == 0 && (m = lua_member(cls, k)); k++)
            if (lua_fn_name(m).kind == FN_METHOD && strcmp(lua_fn_name(m).name, key) == 0)
                return m;
    return NULL;
}

bool doc_module(lua_State *L, int i, const char **name, const char **doc)
{
    session_push_table(L, TABLE_MODULES);
    bool found = lua_rawgeti(L, -1, i + 1) == LUA_TTABLE;
    if (found) {
        lua_rawgeti(L, -1, 1);
        *name = lua_tostring(L, -1);
        lua_rawgeti(L, -2, 2);
        *doc = lua_tostring(L, -1);
        lua_pop(L, 2);
    }
    lua_pop(L, 2);
    return found;
}

/* ---- texts ---- */

/* Prose wider than this is hard to read. */
static int help_width(lua_State *L)
{
    enum { WIDEST = 100 };
    int width = lua_view(L)->width;
    return width < WIDEST ? width : WIDEST;
}

static Buf open_text(lua_State *L)
{
    return buf_new(lua_scratch(L, NULL));
}

static void push_text(lua_State *L, Buf *b)
{
    lua_scratch_text(L, b->arena, buf_str(b));
}

static void add_function(lua_State *L, Buf *b, const LuaFn *fn)
{
    wrap_text(b, fn->sig, 0, 4, help_width(L));
    buf_putc(b, '\n');
    wrap_doc(b, fn->doc, 2, help_width(L));
}

/* A docstring's first sentence. */
static const char *sentence(Arena *A, const char *doc)
{
    size_t n = 0;
    while (doc[n] && !(doc[n] == '.' && (isspace((unsigned char)doc[n + 1]) || !doc[n + 1])))
        n++;
    return arena_strndup(A, doc, n);
}

/* "  te.sum(value, axis)   The sum of a value over a reduce axis", one below the other; a name that
** is wide stands above its text. */
static void add_rows(lua_State *L, Buf *b, const HelpRowVec *rows)
{
    enum { WIDEST = 26 };
    int column = 0;
    for (size_t i = 0; i < rows->n; i++) {
        int wide = text_cols(rows->at[i].name);
        column = wide > column && wide <= WIDEST ? wide : column;
    }
    for (size_t i = 0; i < rows->n; i++) {
        int wide = text_cols(rows->at[i].name);
        buf_printf(b, "%s\n  %s", rows->at[i].apart ? "\n" : "", rows->at[i].name);
        if (wide > column)
            buf_putc(b, '\n');
        buf_pad(b, ' ', wide > column ? column + 4 : column + 2 - wide);
        wrap_text(b, sentence(b->arena, rows->at[i].doc), column + 4, column + 4, help_width(L));
    }
}

void doc_push_function(lua_State *L, const LuaFn *fn)
{
    Buf b = open_text(L);
    add_function(L, &b, fn);
    push_text(L, &b);
}

void doc_push_class(lua_State *L, const LuaClass *cls)
{
    Buf b = open_text(L);
    HelpRowVec rows = {0};
    buf_printf(&b, "%s\n", cls->name);
    wrap_doc(&b, cls->doc ? cls->doc : "Inside the workbench.", 2, help_width(L));
    /* What belongs together */
    for (const LuaFn *const *const *list = cls->members; list && *list; list++) {
        bool apart = rows.n > 0;
        for (const LuaFn *const *m = *list; *m; m++)
            if (lua_fn_name(*m).kind != FN_META) {
                vec_push(b.arena, &rows, ((HelpRow){(*m)->sig, (*m)->doc, apart}));
                apart = false;
            }
    }
    add_rows(L, &b, &rows);
    push_text(L, &b);
}

static void push_module(lua_State *L, const char *name, const char *doc)
{
    Buf b = open_text(L);
    HelpRowVec rows = {0};
    const LuaFn *fn;
    buf_printf(&b, "%s\n", name);
    wrap_doc(&b, doc, 2, help_width(L));
    for (int i = 0; (fn = doc_function(L, i)); i++)
        if (strcmp(lua_fn_name(fn).place, name) == 0)
            vec_push(b.arena, &rows, ((HelpRow){fn->sig, fn->doc, false}));
    add_rows(L, &b, &rows);
    push_text(L, &b);
}

/* The classes: those on the way from a model to a timing first, then the others. */
static HelpRowVec class_rows(lua_State *L, Arena *A)
{
    static const char *const way[] = {"Graph",   "Module", "Schedule", "Version",    "Func",
                                      "Tensor",  "Check",  "Timing",   "Comparison", "WhatIf",
                                      "Profile", "Kernel", "Picture"};
    enum { ON_THE_WAY = sizeof way / sizeof *way };
    HelpRowVec rows = {0};
    const LuaClass *cls;
    for (size_t w = 0; w <= ON_THE_WAY; w++)
        for (int i = 0; (cls = doc_class(L, i)); i++) {
            size_t at = 0;
            while (at < ON_THE_WAY && strcmp(way[at], cls->name) != 0)
                at++;
            if (at == w)
                vec_push(A, &rows, ((HelpRow){cls->name, cls->doc, false}));
        }
    return rows;
}

/* What is typed at the prompt beside Lua. */
static const HelpRow keys[] = {
    {"help(x)  or  ?x", "What a function, module or value is for, with examples", false},
    {"help \"word\"", "What is called so, or mentions it", false},
    {"??f", "The source of a function", false},
    {"tour()",
     "Plays the first lesson; tutorial() waits for Enter at each cell; `tvmrepl tutorial` lists the others",
     false},
    {"Tab", "Completes names, members, and names of loops and blocks inside strings", false},
    {"x = 1;", "A trailing ; silences; _ is the last value", false},
    {"more()", "Shows whole what was last shown in part", false},
    {"Ctrl-C", "Stops what runs, and drops an input that is not finished", false},
    {"exit  or  quit", "Leaves, as Ctrl-D does; a script ends by os.exit()", false},
};

void doc_push_overview(lua_State *L)
{
    static const HelpRow way[] = {
        {"g = tvm.import \"model.onnx\"", "a model: g shows it, g:show \"g.svg\" draws it", false},
        {"m = g:fuse():lower()", "operators in groups, a loop program for each", false},
        {"s = m:schedule \"conv2\"", "loops of one; s shows them, s:ir() as text", false},
        {"s = tvm.schedule(f(64))", "or of f, which te.func or te [[…]] made", false},
        {"s:split(\"x\", 8)", "a step; help(s) lists all, help \"split\" is one", false},
        {"s:undo(); s:diff(0)", "back; what has changed since the beginning", false},
        {"tvm.compare { s:at(0), s }", "is it faster?", false},
    };
    Buf b = open_text(L);
    HelpRowVec modules = {0}, values = class_rows(L, b.arena), first = {0}, more = {0};
    HelpRow row = {0};
    for (int i = 0; doc_module(L, i, &row.name, &row.doc); i++)
        vec_push(b.arena, &modules, row);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        vec_push(b.arena, &more, keys[i]);
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        vec_push(b.arena, &first, way[i]);
    buf_puts(&b, "From a model to a faster kernel");
    add_rows(L, &b, &first);
    buf_puts(&b, "\n\nKeys and words");
    add_rows(L, &b, &more);
    buf_puts(&b, "\n\nModules");
    add_rows(L, &b, &modules);
    buf_puts(&b, "\n\nValues");
    add_rows(L, &b, &values);
    push_text(L, &b);
}

/* ---- by name ---- */

static bool same_letters(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

/* Is the row called so, or is that one of its names: "quit" of "exit  or  quit"? */
static bool is_key(const HelpRow *row, const char *word)
{
    static const char between[] = "  or  ";
    for (const char *at = row->name; at;) {
        const char *end = strstr(at, between);
        size_t len = end ? (size_t)(end - at) : strlen(at);
        if (strlen(word) == len && strncasecmp(at, word, len) == 0)
            return true;
        at = end ? end + sizeof between - 1 : NULL;
    }
    return false;
}

/* Adds what is typed so at the prompt, if anything is. */
static bool add_key(lua_State *L, Buf *b, const char *word)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (is_key(&keys[i], word)) {
            buf_printf(b, "%s\n", keys[i].name);
            wrap_doc(b, keys[i].doc, 2, help_width(L));
            return true;
        }
    return false;
}

/* The code of an error, as e.code of one that pcall caught. */
static bool add_error_code(lua_State *L, Buf *b, const char *word)
{
    const ErrRow *row = err_row(word);
    if (!row)
        return false;
    Buf text = buf_new(b->arena);
    err_row_text(&text, row->why);
    buf_printf(b, "%s, the code of an error (docs/reference.md has all of them)\n", word);
    if (row->fix[0]) {
        buf_puts(&text, "\n\nhint: ");
        err_row_text(&text, row->fix);
    }
    wrap_doc(b, buf_str(&text), 2, help_width(L));
    return true;
}

/* Is `word` "split", "s:split", "te.sum", or (in a class) "Schedule:split"? */
static bool is_called(const LuaFn *fn, const char *cls, const char *word)
{
    LuaFnName n = lua_fn_name(fn);
    const char *dot = strpbrk(word, ".:");
    if (!dot)
        return strcmp(n.name, word) == 0;
    size_t len = (size_t)(dot - word);
    bool place = (strlen(n.place) == len && strncmp(n.place, word, len) == 0) ||
                 (cls && strlen(cls) == len && strncmp(cls, word, len) == 0);
    return place && strcmp(n.name, dot + 1) == 0;
}

/* Calls visit(fn, class or NULL) for every function and member. */
static void each_function(lua_State *L,
                          void (*visit)(const LuaFn *fn, const LuaClass *cls, void *env), void *env)
{
    const LuaFn *fn;
    const LuaClass *cls;
    for (int i = 0; (fn = doc_function(L, i)); i++)
        visit(fn, NULL, env);
    for (int i = 0; (cls = doc_class(L, i)); i++)
        for (size_t k = 0; (fn = lua_member(cls, k)); k++)
            if (lua_fn_name(fn).kind != FN_META)
                visit(fn, cls, env);
}

typedef struct Search {
    lua_State *L;
    Buf b;
    HelpRowVec rows; /* all that has a text */
    const char *word;
    Nearest near;
    LuaFnName names[1]; /* keeps near.best alive */
    const LuaFn *last;  /* classes may share a method */
    int found;
} Search;

static void add_called(const LuaFn *fn, const LuaClass *cls, void *env)
{
    Search *s = env;
    if (fn == s->last || !is_called(fn, cls ? cls->name : NULL, s->word))
        return;
    s->last = fn;
    if (s->found++)
        buf_puts(&s->b, "\n\n");
    add_function(s->L, &s->b, fn);
}

static void add_row(Search *s, HelpRow row)
{
    for (size_t i = 0; i < s->rows.n; i++) /* classes may share a method */
        if (s->rows.at[i].doc == row.doc)
            return;
    vec_push(s->b.arena, &s->rows, row);
}

static void add_text(const LuaFn *fn, const LuaClass *cls, void *env)
{
    (void)cls;
    add_row(env, (HelpRow){fn->sig, fn->doc, false});
}

/* Adds what is done here where the word is a name of another time or house, or a guess. */
static void add_instead(Search *s)
{
    static const struct {
        const char *owner, *name, *what;
    } rows[] = {
#define OLD(owner, name, today)    {owner, name, today},
#define INSTEAD(owner, name, what) {owner, name, what},
#include "lua_api/old_names.def"
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, s->word) != 0)
            continue;
        const char *text =
            arena_printf(s->b.arena, "%s has no %s: %s", rows[i].owner, s->word, rows[i].what);
        if (s->found++)
            buf_putc(&s->b, '\n');
        wrap_text(&s->b, text, 0, 2, help_width(s->L));
    }
}

/* What mentions the word, or of a question its words: all of them, else those that say most. */
static void add_mentions(lua_State *L, Search *s)
{
    const LuaClass *cls;
    static const HelpRow examples[] = {
#define EXAMPLE(code, doc) {code, doc, false},
#include "lua_api/examples.def"
    };
    each_function(L, add_text, s);
    for (int i = 0; (cls = doc_class(L, i)); i++)
        if (cls->doc)
            add_row(s, (HelpRow){cls->name, cls->doc, false});
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        add_row(s, examples[i]);
    Mentions m = find_mentions(L, s->b.arena, &s->rows, s->word);
    if (m.rows.n && s->found)
        buf_puts(&s->b, "\n\n");
    s->found += (int)m.rows.n;
    for (size_t i = 0; i < m.words.n; i++)
        buf_printf(&s->b, "%s \"%s\"", i ? " and" : "mentioning", m.words.at[i]);
    if (m.rows.n)
        buf_putc(&s->b, ':');
    add_rows(L, &s->b, &m.rows);
}

static void try_name(const LuaFn *fn, const LuaClass *cls, void *env)
{
    (void)cls;
    Search *s = env;
    LuaFnName n = lua_fn_name(fn);
    const char *before = s->near.best;
    nearest_try(&s->near, n.name);
    if (s->near.best != before) {
        s->names[0] = n;
        s->near.best = s->names[0].name;
    }
}

/* The class of a value that a script of the workbench made: its metatable says the name. */
static const LuaClass *class_of_script(lua_State *L, int idx)
{
    const LuaClass *cls = NULL;
    if (lua_type(L, idx) != LUA_TTABLE || luaL_getmetafield(L, idx, "__name") == LUA_TNIL)
        return NULL;
    for (int i = 0; (cls = doc_class(L, i)); i++)
        if (lua_type(L, -1) == LUA_TSTRING && strcmp(cls->name, lua_tostring(L, -1)) == 0)
            break;
    lua_pop(L, 1);
    return cls;
}

/* "net:fuse" where net is a value of the session: pushes the help of that method or field. */
static bool push_member_of_value(lua_State *L, const char *word, const char *member)
{
    const LuaFn *fn;
    lua_pushlstring(L, word, (size_t)(member - word));
    int type = lua_getglobal(L, lua_tostring(L, -1));
    const LuaClass *cls = type == LUA_TNIL ? NULL : lua_class_of(L, -1, NULL);
    cls = cls || type == LUA_TNIL ? cls : class_of_script(L, -1);
    lua_pop(L, 2);
    for (size_t k = 0; cls && (fn = lua_member(cls, k)); k++)
        if (lua_fn_name(fn).kind != FN_META && strcmp(lua_fn_name(fn).name, member + 1) == 0) {
            doc_push_function(L, fn);
            return true;
        }
    return false;
}

/* The class, and before it the functions that are called like it but for the first letter:
** tvm.check and s:check before Check. */
static void push_class_called(lua_State *L, const LuaClass *cls, const char *word)
{
    Search s = {.L = L, .b = open_text(L), .word = word};
    each_function(L, add_called, &s);
    push_text(L, &s.b);
    lua_pushstring(L, s.found ? "\n\n" : "");
    doc_push_class(L, cls);
    lua_concat(L, 3);
}

void doc_push_word(lua_State *L, const char *word)
{
    const LuaClass *cls;
    const char *name, *doc;
    for (int i = 0; (cls = doc_class(L, i)); i++)
        if (same_letters(cls->name, word)) {
            push_class_called(L, cls, word);
            return;
        }
    for (int i = 0; doc_module(L, i, &name, &doc); i++)
        if (strcmp(name, word) == 0) {
            push_module(L, name, doc);
            return;
        }
    const char *member = strpbrk(word, ".:"); /* "s:split", where s is anything */
    if (member && (strpbrk(member + 1, ".: ") || !member[1]))
        member = NULL;
    if (member && push_member_of_value(L, word, member))
        return;
    Search s = {.L = L, .b = open_text(L), .word = word, .near = nearest_to(word)};
    each_function(L, add_called, &s);
    if (!s.found)
        s.found = add_key(L, &s.b, word) || add_error_code(L, &s.b, word);
    if (!s.found && member) {
        doc_push_word(L, member + 1);
        return;
    }
    if (!s.found && word[0]) {
        add_instead(&s);
        add_mentions(L, &s);
    }
    push_text(L, &s.b);
    if (s.found)
        return;
    each_function(L, try_name, &s);
    char meant[96] = "";
    if (s.near.best)
        snprintf(meant, sizeof meant, ": did you mean '%s'?", s.near.best);
    RAISE(L, help_unknown, NULL, word, meant);
}

bool doc_is_module(lua_State *L, int idx, const char **name, const char **doc)
{
    idx = lua_absindex(L, idx);
    for (int i = 0; doc_module(L, i, name, doc); i++) {
        lua_pushglobaltable(L);
        lua_pushstring(L, *name);
        lua_rawget(L, -2);
        bool same = lua_rawequal(L, -1, idx);
        lua_pop(L, 2);
        if (same)
            return true;
    }
    return false;
}

void doc_push_value(lua_State *L, int idx)
{
    const char *name, *doc;
    const LuaFn *fn = lua_fn_of(L, idx);
    const LuaClass *cls = lua_class_of(L, idx, NULL);
    if (fn)
        doc_push_function(L, fn);
    else if (cls)
        doc_push_class(L, cls);
    else if (lua_type(L, idx) == LUA_TSTRING)
        doc_push_word(L, lua_tostring(L, idx));
    else if (doc_is_module(L, idx, &name, &doc))
        push_module(L, name, doc);
    else if ((cls = class_of_script(L, idx)) != NULL)
        doc_push_class(L, cls);
    else
        lua_pushfstring(L, "a plain %s of Lua's", luaL_typename(L, idx));
}

/* Adds the body of a function in C, from the brace behind its description to the one that closes
** it. */
static void add_body(Buf *b, FILE *source, int from)
{
    enum { LONGEST = 200 };
    char *line = NULL;
    size_t cap = 0;
    bool inside = false;
    for (int at = 1, n = 0; n < LONGEST && getline(&line, &cap, source) > 0; at++) {
        inside = inside || (at >= from && line[0] == '{');
        if (inside && line[0] == '}')
            line[1] = '\0';
        if (inside)
            buf_puts(b, line);
        n += inside;
        if (inside && line[0] == '}')
            break;
    }
    free(line);
}

/* Pushes where a function of the workbench is defined, and how, if its source stands beside the
** program as after a build. */
static void push_source_of_ours(lua_State *L, const LuaFn *fn)
{
    Buf b = open_text(L);
    char path[4096];
    const char *file = fn->file;
    while (strncmp(file, "../", 3) == 0)
        file += 3;
    buf_printf(&b, "%s\n  defined at %s:%d\n", fn->sig, file, fn->line);
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    const char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    snprintf(path + folder, sizeof path - folder, "../%s", file);
    FILE *source = fopen(path, "r");
    size_t before = b.len;
    if (source) {
        add_body(&b, source, fn->line);
        fclose(source);
    }
    if (b.len == before)
        wrap_doc(&b, fn->doc, 2, help_width(L));
    push_text(L, &b);
}

/* Pushes the lines that define the Lua function at `idx`, or where a C function is registered. */
static void push_source(lua_State *L, int idx)
{
    lua_Debug ar;
    const LuaFn *fn = lua_fn_of(L, idx);
    if (fn) {
        push_source_of_ours(L, fn);
        return;
    }
    lua_pushvalue(L, idx);
    lua_getinfo(L, ">S", &ar);
    if (ar.what[0] == 'C' || !session_push_source(L, ar.source)) {
        lua_pushliteral(L, "the source is not at hand");
        return;
    }
    const char *from = lua_tostring(L, -1);
    for (int line = 1; from && line < ar.linedefined; line++)
        from = strchr(from, '\n') ? strchr(from, '\n') + 1 : NULL;
    const char *end = from;
    for (int line = ar.linedefined; end && line <= ar.lastlinedefined; line++)
        end = strchrnul(end, '\n') + (*strchrnul(end, '\n') && line < ar.lastlinedefined);
    lua_pushlstring(L, from ? from : "", from ? (size_t)(end - from) : 0);
}

LUA_FN(
    help, "help(x?, source?)",
    "Prints what a function, a module or a value is for, with examples; help \"word\" finds what is\n"
    "called so or mentions it; help() says what there is. With source = true, the source.\n"
    "> help(print)\n"
    "print(…)\n"
    "  Prints its arguments, separated by tabs.\n"
    "  > print(1, \"two\")\n"
    "  1\ttwo")
{
    char name[64];
    if (arg_bool_or(L, 2, false) && lua_isfunction(L, 1))
        push_source(L, 1);
    else if (lua_isnone(L, 1))
        doc_push_overview(L);
    else if (lua_isnil(L, 1) && typed_argument(L, "help", 1, name, sizeof name))
        doc_push_word(L, name);
    else
        doc_push_value(L, 1);
    session_print_long(L, lua_tostring(L, -1));
    return 0;
}

void lua_open_help(lua_State *L)
{
    static const LuaFn *const functions[] = {&help_fn, NULL};
    lua_put_module(L, "tvm", "The workbench: models, schedules, running, comparing, drawing.");
    lua_put_functions(L, functions);
}
