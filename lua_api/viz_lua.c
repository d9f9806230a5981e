/* viz_lua.c -- pictures at the prompt: of programs, of orders, of models.
**
** A picture is a value that knows its text form, so the prompt shows something at once; it is drawn
** when it is saved or when a notebook asks for it.
*/
#include <string.h>

#include "lua_api/file_kind.h"
#include "lua_api/graph_box.h"
#include "lua_api/program.h"
#include "lua_api/runnable.h"
#include "lua_api/sched_box.h"
#include "lua_api/session.h"
#include "viz/bars.h"
#include "viz/graph_dot.h"
#include "viz/html.h"
#include "viz/nest_dot.h"
#include "viz/svg/order_svg.h"
#include "viz/pair_dot.h"
#include "viz/text/diff_text.h"
#include "viz/text/order_text.h"
#include "viz/text/tree_text.h"

#include "core/graph/text.h"

typedef struct PictureBox {
    Arena *arena; /* of all the rest */
    Picture picture;
    const char *of;    /* "loop nest of matmul" */
    const char *text;  /* the text form, without a last line end */
    const char *whole; /* the same with nothing left out; or NULL: it is the same */
    bool cut;          /* the text leaves something out */
} PictureBox;

enum { MAX_BARS = 64 };

static const LuaClass picture_class;
LUA_BOX(picture, PictureBox, picture_class)

/* Of the text form, which is made before it is shown: the picture keeps whether it is cut. */
static TextStyle text_style(lua_State *L, PictureBox *p)
{
    TextStyle style = view_style(L);
    style.cut = &p->cut;
    return style;
}

static TextStyle whole_style(lua_State *L)
{
    TextStyle style = view_style(L);
    style.width = 0;
    style.cut = NULL;
    return style;
}

static void release_picture(void *self)
{
    arena_release(((PictureBox *)self)->arena);
}

/* A new box on the stack; what it shows is filled in afterwards, in its arena. */
static PictureBox *open_picture(lua_State *L)
{
    PictureBox *p = new_picture(L);
    p->arena = arena_new(NULL);
    return p;
}

static void close_picture(lua_State *L, PictureBox *p)
{
    size_t n = strlen(p->text);
    if (n && p->text[n - 1] == '\n')
        p->text = arena_strndup(p->arena, p->text, n - 1);
    lua_weigh(L, arena_bytes(p->arena));
}

static int draw_ms(lua_State *L, int options)
{
    double seconds = opt_number(L, options, "seconds", 0);
    return seconds > 0 && seconds < 86400 ? (int)(seconds * 1000) + 1 : 0;
}

/* ---- the Picture itself ---- */

static void save_picture(lua_State *L, PictureBox *p, const char *path, int ms)
{
    Err err = {0};
    Arena *A = lua_scratch(L, NULL);
    bool done = draw_file(A, p->picture, path, ms, &err);
    lua_scratch_end(L, A);
    if (!done)
        lua_raise(L, &err);
    p->text = arena_printf(p->arena, "%s\n%s, written to %s", p->text, p->of, path);
}

LUA_FN(
    picture_save, "p:save(path, options?) -> Picture",
    "Writes the picture; the path's ending says how: .svg, .png, or .dot for what Graphviz lays out.\n"
    "{seconds = 60} gives a large graph longer than 20 seconds.")
{
    static const char *const keys[] = {"seconds", NULL};
    PictureBox *p = check_picture(L, 1);
    const char *path = arg_str(L, 2);
    arg_options(L, 3, keys);
    save_picture(L, p, path, draw_ms(L, 3));
    session_tell(L, 1, "%s, written to %s", p->of, path);
    lua_settop(L, 1);
    return 1;
}

/* Pushes the drawn bytes, or fills *err. */
static bool push_drawn(lua_State *L, PictureBox *p, DrawFormat to, bool html, Err *err)
{
    Arena *A = lua_scratch(L, NULL);
    Bytes b;
    bool done = draw_bytes(A, p->picture, to, 0, &b, err);
    if (done && html)
        lua_pushstring(L, html_image(A, b, p->of));
    else if (done)
        lua_pushlstring(L, b.data, b.n);
    lua_scratch_end(L, A);
    return done;
}

static int push_format(lua_State *L, DrawFormat to)
{
    Err err = {0};
    PictureBox *p = check_picture(L, 1);
    return push_drawn(L, p, to, false, &err) ? 1 : lua_raise(L, &err);
}

LUA_FN(picture_svg, "p:svg() -> string", "The picture as SVG text: no script, nothing to fetch.")
{
    return push_format(L, DRAW_svg);
}

LUA_FN(picture_png, "p:png() -> string", "The picture as the bytes of a PNG.")
{
    return push_format(L, DRAW_png);
}

LUA_FN(picture_dot, "p:dot() -> string",
       "The picture as DOT text, for Graphviz; only graphs and loop nests have one.")
{
    return push_format(L, DRAW_dot);
}

LUA_FN(picture_text, "p.text -> string", "The picture's text form, as the prompt shows it.")
{
    lua_pushstring(L, check_picture(L, 1)->text);
    return 1;
}

static void picture_tostring(lua_State *L, void *self)
{
    lua_pushstring(L, ((PictureBox *)self)->text);
}

/* A form that cannot be drawn is left out of a bundle: the text is always there. */
static int picture_display(lua_State *L, void *self, const char *kind)
{
    PictureBox *p = self;
    Err err = {0};
    const LuaView *v = lua_view(L);
    if (strcmp(kind, "text") == 0) {
        bool whole = p->whole && (v->more || v->whole);
        session_of(L)->left_out |= p->cut && !whole;
        lua_pushstring(L, whole ? p->whole : p->text);
        return 1;
    }
    if (strcmp(kind, "svg") == 0 || strcmp(kind, "html") == 0)
        return push_drawn(L, p, DRAW_svg, kind[0] == 'h', &err);
    return strcmp(kind, "png") == 0 && push_drawn(L, p, DRAW_png, false, &err);
}

static const LuaFn *const picture_members[] = {&picture_save_fn, &picture_svg_fn,  &picture_png_fn,
                                               &picture_dot_fn,  &picture_text_fn, NULL};

static const LuaClass picture_class = {
    .name = "Picture",
    .doc = "Something to look at: p:save \"file.svg\" draws it; the prompt shows its text form.",
    .size = sizeof(PictureBox),
    .members = LUA_MEMBERS(picture_members),
    .release = release_picture,
    .tostring = picture_tostring,
    .display = picture_display,
};

/* Draws into the file that was asked for, if one was. */
static int finish(lua_State *L, PictureBox *p, const char *path, int options)
{
    close_picture(L, p);
    if (path) {
        save_picture(L, p, path, draw_ms(L, options));
        session_tell(L, -1, "%s, written to %s", p->of, path);
    }
    return 1;
}

/* Options with nothing behind them go to argument `at`, where they are looked for: names that could
** stand before them were left out. */
static void options_last(lua_State *L, int at)
{
    while (lua_gettop(L) > 1 && lua_isnil(L, -1))
        lua_pop(L, 1);
    int top = lua_gettop(L);
    if (top > 1 && lua_istable(L, top))
        for (; top < at; top++) {
            lua_pushnil(L);
            lua_insert(L, top);
        }
}

/* ---- programs ---- */

/* Pushes options.since as a program, for two versions in one picture. */
static bool program_since(lua_State *L, const Program *now, int options, Program *out)
{
    if (opt_push(L, options, "since") == LUA_TNIL)
        return false;
    int at = lua_gettop(L);
    if (program_test(L, at, out))
        return true;
    if (!now->sched) {
        arg_wrong_program(L, options, "{since = a Func, a Version or a Schedule}");
        return false;
    }
    out->version = sched_version_arg(L, now->sched, at);
    out->func = out->version->func;
    out->label = sched_mark_of(now->sched, out->version);
    return true;
}

static const char *program_title(Arena *A, const Program *p)
{
    const char *said = p->version->said;
    return arena_printf(A, "step %d%s%s%s%s", p->version->number, p->label ? " " : "",
                        p->label ? p->label : "", said && *said ? " · " : "", said ? said : "");
}

LUA_FN(
    program_show, "s:show(path?, options?) -> Picture",
    "Draws the loop nest: a box for each loop, told by colour, border and mark, with the blocks, their\n"
    "buffers, and who reads and writes them.  The path's ending says how it is written: .svg, .png or .dot.\n"
    "s:show {since = 0} shows what changed since a step, a mark or another program: the two side by side, what is in both\n"
    "at one height, with links from each loop to what it became.  In a browser a box tells more under the pointer.\n"
    "> s = tvm.schedule(te [[ A: float32[4]; B[i] = A[i] * 2 ]])\n"
    "> s:show().text\n"
    "B(A: float32[4]) -> B: float32[4]\n"
    "`- i  4\n"
    "   `- B  B[i] = A[i] * 2")
{
    static const char *const keys[] = {"since", "seconds", NULL};
    Program p = program_check(L, 1), before;
    options_last(L, 3);
    const char *path = arg_str_or(L, 2, NULL);
    arg_options(L, 3, keys);
    bool pair = program_since(L, &p, 3, &before);
    PictureBox *box = open_picture(L);
    Arena *A = box->arena;
    if (pair) {
        box->of = arena_printf(A, "what changed in %s", p.func->at.name);
        box->text = diff_text(A, before.func, p.func, DIFF_fitting, text_style(L, box));
        box->picture =
            pair_picture(A, before.func, p.func, program_title(A, &before), program_title(A, &p));
    } else {
        box->of = arena_printf(A, "loop nest of %s", p.func->at.name);
        box->text = tree_text(A, p.func, text_style(L, box));
        box->whole = tree_text(A, p.func, whole_style(L));
        box->picture = nest_picture(A, p.func);
    }
    return finish(L, box, path, 3);
}

/* options.at = {k = 3}: values of axes that the picture does not span. */
static void read_fixed(lua_State *L, int options, OrderAsk *ask)
{
    int type = opt_push(L, options, "at");
    if (type == LUA_TNIL)
        return;
    if (type != LUA_TTABLE)
        opt_wrong(L, "at", "a table of axes, such as {k = 3}");
    int table = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        int whole = 0;
        int64_t v = lua_tointegerx(L, -1, &whole);
        if (lua_type(L, -2) != LUA_TSTRING || !whole || ask->nfixed == ORDER_MAX_FIXED)
            opt_wrong(L, "at", "a table of axes, such as {k = 3}, with an integer for each");
        ask->fixed_axis[ask->nfixed] = lua_tostring(L, -2);
        ask->fixed_value[ask->nfixed++] = v;
    }
}

/* Whoever gives a file where an axis is named wants the picture written. */
static void refuse_file(lua_State *L, const char *axis)
{
    if (axis && file_kind(axis))
        RAISE(L, order_file, NULL, axis, quote_path(axis).text);
}

LUA_FN(
    program_order, "s:order(row?, column?, options?) -> Picture",
    "In which order the points of a block are computed: a grid over two of its axes, numbered, with a path through\n"
    "it; tiles, vector lanes, what runs in parallel, and points computed more than once are marked.  Without names: the\n"
    "last two spatial axes of the innermost block as written; with one name: a single row.  \"C/y\" is the axis y of\n"
    "block C.\n"
    "Options: block = \"C\"; at = {k = 3} for axes not shown (0 unless given); rows, columns: at most so many (32);\n"
    "animate = true: in a browser the cells light up in their order, over `seconds`.\n"
    "> s = tvm.schedule(te [[ A: float32[2, 4]; B[y, x] = A[y, x] ]])\n"
    "> s:reorder(\"x\", \"y\")\n"
    "step 1  reorder x, y\n"
    "> s:order(\"y\", \"x\").text\n"
    "B: y down, x across; 1 is computed first   x(4) y(2)\n"
    "x    0  1  2  3\n"
    "y 0  1  3  5  7\n"
    "  1  2  4  6  8")
{
    static const char *const keys[] = {"block",   "at",      "rows", "columns",
                                       "animate", "seconds", NULL};
    Program p = program_check(L, 1);
    options_last(L, 4);
    OrderAsk ask = {.row = arg_str_or(L, 2, NULL), .col = arg_str_or(L, 3, NULL)};
    arg_options(L, 4, keys);
    refuse_file(L, ask.row);
    refuse_file(L, ask.col);
    if (ask.row && !ask.col) {
        ask.col = ask.row;
        ask.row = NULL;
    }
    ask.block = opt_str(L, 4, "block", NULL);
    ask.max_rows = (int)opt_int(L, 4, "rows", 1, ORDER_MAX_SIDE, ORDER_MAX_SIDE / 2);
    ask.max_cols = (int)opt_int(L, 4, "columns", 1, ORDER_MAX_SIDE, ORDER_MAX_SIDE / 2);
    bool animate = opt_bool(L, 4, "animate", false);
    double seconds = opt_number(L, 4, "seconds", 6);
    read_fixed(L, 4, &ask);
    PictureBox *box = open_picture(L);
    Order order;
    Err err = {0};
    if (!order_of(box->arena, p.func, &ask, &order, &err))
        return lua_raise(L, &err);
    box->of = arena_printf(box->arena, "order of %s", order.block);
    box->text = order_text(box->arena, &order, text_style(L, box), false);
    box->whole =
        order_text(box->arena, &order, lua_view(L)->whole ? whole_style(L) : view_style(L), true);
    box->picture = order_picture(box->arena, &order, animate, seconds > 0.1 ? seconds : 0.1);
    return finish(L, box, NULL, 4);
}

/* ---- models ---- */

LUA_FN(
    graph_show, "g:show(path?, options?) -> Picture",
    "Draws the model: operators with their parameters, shapes on the arrows, fused groups in frames.  A long\n"
    "chain stands in columns, a large graph is folded, and says how.  In a browser a card tells under the pointer what\n"
    "the model file calls it and what flows through it.  The path's ending says how it is written: .svg, .png or .dot.\n"
    "Options: around = \"conv1\" draws that node and those at most `hops` away; cards: fold above so many (300).")
{
    static const char *const keys[] = {"around", "hops", "cards", "seconds", NULL};
    Graph *g = check_graph(L, 1)->graph;
    options_last(L, 3);
    const char *path = arg_str_or(L, 2, NULL);
    arg_options(L, 3, keys);
    GraphView view = {.around = opt_str(L, 3, "around", NULL),
                      .hops = (int)opt_int(L, 3, "hops", 1, 1000, 2),
                      .max_cards = (uint32_t)opt_int(L, 3, "cards", 1, 100000, GRAPH_MAX_CARDS)};
    PictureBox *box = open_picture(L);
    Err err = {0};
    if (!graph_picture(box->arena, g, view, &box->picture, &err))
        return lua_raise(L, &err);
    box->of = arena_printf(box->arena, "graph of %s", g->name);
    box->text = graph_table(box->arena, g, 40, lua_view(L)->cut, &box->cut);
    box->whole = graph_table(box->arena, g, 0, lua_view(L)->cut, NULL);
    return finish(L, box, path, 3);
}

/* ---- timings ---- */

/* The rounds of the Timing on top, as statistics. */
static Stats stats_at_top(lua_State *L, Arena *A)
{
    lua_getfield(L, -1, "samples");
    size_t n = lua_rawlen(L, -1);
    double *samples = ARENA_ARRAY(A, double, n + 1);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        samples[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return stats_of(samples, (int)n);
}

LUA_FN(
    tvm_bars, "tvm.bars(timings, path?, options?) -> Picture",
    "A list of Timings as bars: each ends at the median, a box holds the middle half of the rounds, a line all of\n"
    "them.  The path's ending says how it is written: .svg or .png.  Options: title; notes, a text for each;\n"
    "against, where the notes are ratios: the label of what they are against.")
{
    static const char *const keys[] = {"title", "notes", "against", NULL};
    size_t n = arg_list(L, 1, MAX_BARS);
    const char *path = arg_str_or(L, 2, NULL);
    arg_options(L, 3, keys);
    lua_settop(L, 3);
    PictureBox *box = open_picture(L);
    Arena *A = box->arena;
    Bar *bar = ARENA_ARRAY(A, Bar, n + 1);
    if (n == 0)
        return arg_wrong(L, 1, "a list of Timings");
    bool noted = opt_push(L, 3, "notes") == LUA_TTABLE;
    int notes = lua_gettop(L);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        if (!lua_test(L, -1, &timing_class))
            return arg_wrong(L, 1, "a list of Timings");
        bar[i].time = stats_at_top(L, A);
        lua_getfield(L, -1, "label");
        bar[i].label = arena_strdup(A, lua_tostring(L, -1));
        bar[i].note = "";
        if (noted && lua_rawgeti(L, notes, (lua_Integer)i + 1) == LUA_TSTRING)
            bar[i].note = arena_strdup(A, lua_tostring(L, -1));
        lua_settop(L, notes);
    }
    lua_settop(L, 4);
    const char *title = opt_str(L, 3, "title", "time of a run");
    box->of = arena_printf(A, "%s", title);
    const char *against = opt_str(L, 3, "against", NULL);
    against = against && *against ? arena_strdup(A, against) : NULL;
    box->text = bars_text(A, n, bar, against, text_style(L, box));
    box->whole = bars_text(A, n, bar, against, whole_style(L));
    box->picture = bars_picture(A, arena_strdup(A, title), n, bar, against);
    return finish(L, box, path, 3);
}

LUA_FN(tvm_show, "tvm.show(x, path?, options?) -> Picture",
       "x:show(path, options): a picture of whatever has one.")
{
    arg_given(L, 1, "a Func, a Version, a Schedule, a Graph or a Comparison");
    lua_settop(L, 3);
    bool object = lua_class_of(L, 1, NULL) || lua_istable(L, 1);
    if (!object || lua_getfield(L, 1, "show") == LUA_TNIL)
        return arg_wrong_program(L, 1, "a Func, a Version, a Schedule, a Graph or a Comparison");
    lua_insert(L, 1);
    lua_call(L, 3, 1);
    return 1;
}

const LuaFn *const program_picture_members[] = {&program_show_fn, &program_order_fn, NULL};
const LuaFn *const graph_picture_members[] = {&graph_show_fn, NULL};

void lua_open_viz(lua_State *L)
{
    static const LuaFn *const functions[] = {&tvm_show_fn, &tvm_bars_fn, NULL};
    lua_put_functions(L, functions);
    lua_put_class(L, &picture_class);
}
