/* graph_dot.c -- the columns, frames and arrows of a model. */
#include "viz/graph_dot.h"

#include <string.h>

#include "core/base/vec.h"
#include "viz/graph_drawing.h"

/* Cards [first, end) that stand in the column. */
static void put_some(GraphDrawing *d, uint32_t first, uint32_t end, uint32_t column)
{
    for (uint32_t c = first; c < end; c++)
        if (d->columns.of[c] == column)
            card_put(d, c);
}

/* Opens a frame around what is computed together.  Arrows enter it in the middle, and a long label
** would lie under them: the group's name, which a card inside has too, is told under the
** pointer. */
static void put_frame(GraphDrawing *d, const GGroup *group, uint32_t number)
{
    buf_printf(d->out,
               "  subgraph cluster_%u { style=\"rounded,filled\" fillcolor=\"%s\" color=\"%s\" "
               "fontcolor=\"%s\" fontsize=9 labeljust=l margin=8 label=",
               number, color_hex[COLOR_band], color_hex[COLOR_rule], color_hex[COLOR_quiet]);
    put_quoted(d->out, arena_printf(d->A, "%u fused", group->n));
    buf_puts(d->out, " tooltip=");
    put_quoted(d->out, arena_printf(d->A, "%s: %u fused", group->name, group->n));
    buf_puts(d->out, "\n");
}

/* Groups of several nodes are framed, unless they were folded into one card already. */
static void put_column(GraphDrawing *d, uint32_t column)
{
    const Graph *g = d->g;
    uint32_t next = 0;
    for (uint32_t k = 0; k < g->ngroups && d->fold.n == g->nnodes; k++) {
        const GGroup *group = &g->group[k];
        uint32_t end = group->first + group->n;
        bool any = false;
        for (uint32_t c = group->first; c < end; c++)
            any |= d->shown[c];
        if (group->n < 2 || !any || d->columns.of[group->first] != column)
            continue;
        put_some(d, next, group->first, column);
        put_frame(d, group, k);
        put_some(d, group->first, end, column);
        buf_puts(d->out, "  }\n");
        next = end;
    }
    put_some(d, next, d->fold.n, column);
}

static void put_end(GraphDrawing *d, const char *id, const char *name, ValueId v)
{
    GType t = graph_value(d->g, v)->type;
    card_put_node(d, id, value_text(d, v));
    buf_printf(d->out,
               " shape=box style=\"rounded,filled\" fillcolor=\"%s\" color=\"%s\" penwidth=1.5 "
               "margin=\"0.12,0.04\" "
               "label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" "
               "CELLPADDING=\"1\"><TR><TD><B>",
               color_hex[COLOR_paper], color_hex[COLOR_serial]);
    put_xml(d->out, name);
    buf_printf(d->out, "</B></TD></TR><TR><TD><FONT POINT-SIZE=\"9\" COLOR=\"%s\">",
               color_hex[COLOR_quiet]);
    put_xml(d->out, graph_type_text(d->A, d->g, t));
    buf_puts(d->out, "</FONT></TD></TR></TABLE>>]\n");
}

static void put_arrow(GraphDrawing *d, const char *from, const char *to, ValueId v, bool straight,
                      bool labelled)
{
    buf_puts(d->out, "  ");
    put_quoted(d->out, from);
    buf_puts(d->out, " -> ");
    put_quoted(d->out, to);
    buf_printf(d->out, " [%s", straight ? "weight=8 " : "");
    if (labelled) {
        buf_puts(d->out, "label=< "); /* a blank keeps it off its line, two keep others off it */
        put_xml(d->out, flow_text(d->A, d->g, graph_value(d->g, v)->type));
        buf_puts(d->out, "  > ");
    }
    buf_puts(d->out, "tooltip=");
    put_quoted(d->out, value_text(d, v));
    buf_puts(d->out, " labeltooltip=");
    put_quoted(d->out, value_text(d, v));
    buf_puts(d->out, "]\n");
}

static const char *input_id(const GraphDrawing *d, ValueId v)
{
    return arena_printf(d->A, "input %s", graph_value(d->g, v)->name);
}

/* The numbered circles between columns: where a value leaves one, and where it enters the next. */
static const char *handed_id(const GraphDrawing *d, uint32_t column, bool enters)
{
    return arena_printf(d->A, "%s %u", enters ? "from" : "to", column + 1);
}

/* How many arrows are on the longest path to each card, and on how many paths it shares that place:
** so a chain is known, which is drawn straight, from a fork, which is drawn even. */
static void find_levels(GraphDrawing *d)
{
    const Graph *g = d->g;
    d->level = ARENA_ARRAY(d->A, Level, d->fold.n + 1);
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t c = 0; c < d->fold.n; c++) {
            for (uint32_t i = 0; i < d->fold.card[c].n; i++) {
                const GNode *n = card_node(d, d->fold.card[c], i);
                for (uint32_t k = 0; k < n->nin; k++) {
                    int32_t p = n->in[k] == VALUE_NONE ? -1 : g->producer[n->in[k]];
                    uint32_t from = p < 0 ? CARD_NONE : d->fold.card_of[p];
                    if (from == CARD_NONE || from == c)
                        continue;
                    uint32_t next = d->level[from].depth + 1;
                    if (pass == 0)
                        d->level[c].depth = next > d->level[c].depth ? next : d->level[c].depth;
                    d->level[c].in += pass == 1 && next == d->level[c].depth;
                    d->level[from].out += pass == 1 && next == d->level[c].depth;
                }
            }
        }
    }
}

static bool is_straight(const GraphDrawing *d, uint32_t from, uint32_t to)
{
    const Level *a = &d->level[from], *b = &d->level[to];
    return a->depth + 1 == b->depth && a->out == 1 && b->in == 1;
}

static uint32_t find(Joint *j, uint32_t i)
{
    while (j->up[i] != i)
        i = j->up[i] = j->up[j->up[i]];
    return i;
}

static uint32_t value_thing(const GraphDrawing *d, ValueId v)
{
    return d->fold.n + v;
}

static uint32_t entry_thing(const GraphDrawing *d, uint32_t column)
{
    return d->fold.n + d->g->nvalues + column;
}

static bool reads(const GraphDrawing *d, uint32_t c, ValueId v)
{
    for (uint32_t i = 0; i < d->fold.card[c].n; i++) {
        const GNode *n = card_node(d, d->fold.card[c], i);
        for (uint32_t k = 0; k < n->nin; k++)
            if (n->in[k] == v)
                return true;
    }
    return false;
}

/* All arrows from the circle at the top of a column bear the same shape.  It is told once, beside
** the longest of them, where it lies under no other: that to the last card which reads the value,
** or to the circle below (CARD_NONE). */
static uint32_t last_reader(const GraphDrawing *d, uint32_t column)
{
    ValueId v = d->columns.handed[column - 1];
    if (column + 1 < d->columns.n && d->columns.handed[column] == v)
        return CARD_NONE;
    uint32_t c = d->fold.n;
    while (c-- > 0 && (d->columns.of[c] != column || !reads(d, c, v)))
        ;
    return c;
}

/* An arrow to card c (CARD_NONE: to what is no card) for value v, from wherever column `column` has
** it. */
static void put_flow(GraphDrawing *d, ValueId v, uint32_t column, uint32_t c, const char *to)
{
    int32_t p = d->g->producer[v];
    uint32_t from = p >= 0 ? d->fold.card_of[p] : CARD_NONE;
    uint32_t home = p >= 0 ? d->columns.of[from] : d->home[v],
             thing = p >= 0 ? from : value_thing(d, v);
    const char *id = p >= 0 ? card_id(d, from) : input_id(d, v);
    bool labelled = home >= column || c == last_reader(d, column);
    if (home < column) {
        id = handed_id(d, column - 1, true);
        thing = entry_thing(d, column);
    }
    put_arrow(d, id, to, v, home == column && p >= 0 && c != CARD_NONE && is_straight(d, from, c),
              labelled);
    if (c != CARD_NONE)
        d->joint.up[find(&d->joint, thing)] = find(&d->joint, c);
}

/* Arrows into a card: each value once, however many nodes inside read it. */
static void put_arrows_into(GraphDrawing *d, uint32_t c)
{
    const Graph *g = d->g;
    Card card = d->fold.card[c];
    VEC(ValueId) seen = {0};
    for (uint32_t i = 0; i < card.n; i++) {
        const GNode *n = card_node(d, card, i);
        for (uint32_t k = 0; k < n->nin; k++) {
            ValueId v = n->in[k];
            if (v == VALUE_NONE || is_parameter(d, v))
                continue;
            int32_t p = g->producer[v];
            uint32_t from = p >= 0 ? d->fold.card_of[p] : CARD_NONE;
            bool known = from == c || (p >= 0 && !d->shown[from]);
            for (size_t s = 0; s < seen.n; s++)
                known |= seen.at[s] == v;
            if (known)
                continue;
            vec_push(d->A, &seen, v);
            if (p < 0 && d->home[v] == CARD_NONE)
                d->home[v] = d->columns.of[c];
            put_flow(d, v, d->columns.of[c], c, card_id(d, c));
        }
    }
}

/* A numbered circle where a value leaves a column, and one where it enters the next. */
static void put_handed(GraphDrawing *d, uint32_t column)
{
    ValueId v = d->columns.handed[column];
    if (v == VALUE_NONE)
        return;
    for (int enters = 0; enters < 2; enters++) {
        card_put_node(d, handed_id(d, column, enters), value_text(d, v));
        buf_printf(d->out,
                   " shape=circle style=filled fillcolor=\"%s\" color=\"%s\" margin=0 width=0.3 "
                   "height=0.3 fixedsize=true label=\"%u\"]\n",
                   color_hex[COLOR_shade], color_hex[COLOR_serial], column + 1);
    }
    put_flow(d, v, column, CARD_NONE, handed_id(d, column, false));
}

static void put_ends(GraphDrawing *d, bool part)
{
    const Graph *g = d->g;
    for (uint32_t i = 0; i < g->ninputs; i++) {
        ValueId v = g->input[i];
        if (d->home[v] != CARD_NONE || !part)
            put_end(d, input_id(d, v), graph_value(g, v)->name, v);
    }
    for (uint32_t i = 0; i < g->noutputs; i++) {
        ValueId v = g->output[i].value;
        int32_t p = g->producer[v];
        uint32_t c = p < 0 ? CARD_NONE : d->fold.card_of[p];
        if (c == CARD_NONE || !d->shown[c])
            continue;
        const char *id = arena_printf(d->A, "output %s", g->output[i].name);
        put_end(d, id, g->output[i].name, v);
        put_arrow(d, card_id(d, c), id, v, true, true);
    }
}

/* Graphviz lays out what hangs together; in a column nothing may stand apart. */
static void join_columns(GraphDrawing *d)
{
    const Graph *g = d->g;
    uint32_t *first = ARENA_ARRAY(d->A, uint32_t, d->columns.n);
    memset(first, 0xff, d->columns.n * sizeof *first);
    for (uint32_t c = 0; c < d->fold.n && d->columns.n > 1; c++) {
        uint32_t *head = &first[d->columns.of[c]];
        *head = *head == CARD_NONE ? c : *head;
        uint32_t a = find(&d->joint, *head), b = find(&d->joint, c);
        if (a == b)
            continue;
        d->joint.up[b] = a;
        buf_puts(d->out, "  ");
        put_quoted(d->out, card_id(d, *head));
        buf_puts(d->out, " -> ");
        put_quoted(d->out, card_id(d, c));
        buf_puts(d->out, " [style=invis constraint=false]\n");
    }
    for (uint32_t i = 0; i < g->ninputs && d->columns.n > 1; i++) {
        if (d->home[g->input[i]] != CARD_NONE)
            continue;
        buf_puts(d->out, "  ");
        put_quoted(d->out, input_id(d, g->input[i]));
        buf_puts(d->out, " -> ");
        put_quoted(d->out, card_id(d, 0));
        buf_puts(d->out, " [style=invis]\n");
    }
}

/* The height of every card with the arrow into it, by the lines it has. */
static Columns columns_of(GraphDrawing *d)
{
    enum { ARROW = 31, LINE = 15, FRAME = 30 };
    const Graph *g = d->g;
    double *height = ARENA_ARRAY(d->A, double, d->fold.n + 1);
    bool *joined = ARENA_ARRAY(d->A, bool, d->fold.n + 1);
    Buf *out = d->out;
    for (uint32_t c = 0; c < d->fold.n; c++) {
        Buf card = buf_new(d->A);
        d->out = &card;
        card_put(d, c);
        height[c] = ARROW;
        for (const char *s = buf_str(&card); (s = strstr(s, "<TR>")); s++)
            height[c] += LINE;
    }
    d->out = out;
    for (uint32_t k = 0; k < g->ngroups && d->fold.n == g->nnodes; k++) {
        GGroup group = g->group[k];
        height[group.first] += group.n > 1 ? FRAME : 0;
        for (uint32_t c = group.first; c + 1 < group.first + group.n; c++)
            joined[c] = true;
    }
    return graph_columns(d->A, g, &d->fold, height, joined);
}

/* Cards at most `hops` arrows away from the card of node `at`. */
static void show_around(GraphDrawing *d, uint32_t at, int hops)
{
    const Graph *g = d->g;
    memset(d->shown, 0, d->fold.n * sizeof *d->shown);
    d->shown[d->fold.card_of[at]] = true;
    for (int h = 0; h < hops; h++) {
        bool *more = ARENA_ARRAY(d->A, bool, d->fold.n + 1);
        for (uint32_t i = 0; i < g->nnodes; i++) {
            for (uint32_t k = 0; k < g->node[i]->nin; k++) {
                ValueId v = g->node[i]->in[k];
                if (v == VALUE_NONE || g->producer[v] < 0)
                    continue;
                uint32_t a = d->fold.card_of[g->producer[v]], b = d->fold.card_of[i];
                more[b] |= d->shown[a];
                more[a] |= d->shown[b];
            }
        }
        for (uint32_t c = 0; c < d->fold.n; c++)
            d->shown[c] |= more[c];
    }
}

/* The graph's name, how it was folded, and what the colours mean. */
static void put_head(GraphDrawing *d, const GraphView *view)
{
    static const struct {
        FuseClass fuse;
        const char *text;
    } classes[] = {{FUSE_OUT_FUSABLE, "out-fusable (conv, gemm, pool)"},
                   {FUSE_REDUCTION, "reduction"},
                   {FUSE_ELEMENTWISE, "elementwise, broadcast"},
                   {FUSE_INJECTIVE, "injective (moves elements)"},
                   {FUSE_OPAQUE, "opaque (never fused)"}};
    const Graph *g = d->g;
    DotKey keys[sizeof classes / sizeof *classes + 4];
    size_t n = 0;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        bool any = false;
        for (uint32_t k = 0; k < d->fold.nnodes; k++) {
            FuseClass fuse = g->node[d->fold.node[k]]->op->fuse;
            any |= (fuse == FUSE_BROADCAST ? FUSE_ELEMENTWISE : fuse) == classes[i].fuse &&
                   d->shown[d->fold.card_of[d->fold.node[k]]];
        }
        if (any)
            keys[n++] = (DotKey){.look = graph_looks[classes[i].fuse], .text = classes[i].text};
    }
    bool frames = false;
    for (uint32_t k = 0; k < g->ngroups && d->fold.n == g->nnodes; k++)
        frames |= g->group[k].n > 1;
    if (frames)
        keys[n++] = (DotKey){.look = {COLOR_rule, COLOR_band, 1, "ROUNDED"},
                             .text = "fused group: one kernel"};
    if (view->around)
        keys[n++] =
            (DotKey){.text = arena_printf(d->A, "a part: %s, and what is at most %d %s away",
                                          view->around, view->hops > 0 ? view->hops : 1,
                                          view->hops > 1 ? "arrows" : "arrow")};
    if (d->columns.n > 1)
        keys[n++] = (DotKey){.text = "a numbered circle goes on at the top of the next column"};
    if (*d->fold.said)
        keys[n++] = (DotKey){.text = d->fold.said};
    buf_puts(d->out,
             "  label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"2\">"
             "<TR><TD ALIGN=\"LEFT\"><FONT POINT-SIZE=\"15\"><B>");
    put_xml(d->out, g->name);
    buf_puts(d->out, "</B></FONT></TD></TR><TR><TD ALIGN=\"LEFT\">");
    dot_legend(d->out, keys, n);
    buf_puts(d->out, "</TD></TR></TABLE>>\n");
}

bool graph_picture(Arena *A, const Graph *g, GraphView view, Picture *out, Err *err)
{
    Buf text = buf_new(A);
    GraphDrawing d = {.A = A, .out = &text, .g = g};
    d.fold = graph_fold(A, g,
                        view.around      ? UINT32_MAX
                        : view.max_cards ? view.max_cards
                                         : GRAPH_MAX_CARDS);
    d.shown = ARENA_ARRAY(A, bool, d.fold.n + 1);
    memset(d.shown, 1, d.fold.n * sizeof *d.shown);
    if (view.around) {
        int32_t at = graph_find_node(g, view.around);
        if (at < 0)
            return REFUSE(err, graph_unknown_value, NULL, view.around, "");
        show_around(&d, (uint32_t)at, view.hops > 0 ? view.hops : 1);
    }
    d.columns = (Columns){1, ARENA_ARRAY(A, uint32_t, d.fold.n + 1), NULL};
    if (!view.around)
        d.columns = columns_of(&d);
    d.home = ARENA_ARRAY(A, uint32_t, g->nvalues + 1);
    memset(d.home, 0xff, g->nvalues * sizeof *d.home);
    uint32_t things = entry_thing(&d, d.columns.n);
    d.joint.up = ARENA_ARRAY(A, uint32_t, things + 1);
    for (uint32_t i = 0; i < things; i++)
        d.joint.up[i] = i;
    /* Packing makes Graphviz forget the ranks that labels need, so arrows span two. */
    dot_begin(&text, g->name,
              d.columns.n > 1 ? arena_printf(A,
                                             "nodesep=0.25 ranksep=0.14 labelloc=t labeljust=l "
                                             "pack=28 packmode=\"array_it%u\"",
                                             d.columns.n)
                              : "nodesep=0.25 ranksep=0.3 labelloc=t labeljust=l");
    if (d.columns.n > 1)
        buf_puts(&text, "  edge [minlen=2]\n");
    put_head(&d, &view);
    find_levels(&d);
    for (uint32_t k = 0; k < d.columns.n;
         k++) /* Graphviz packs components in the order of their first nodes */
        put_column(&d, k);
    for (uint32_t c = 0; c < d.fold.n; c++)
        if (d.shown[c])
            put_arrows_into(&d, c);
    for (uint32_t k = 0; k + 1 < d.columns.n; k++)
        put_handed(&d, k);
    put_ends(&d, view.around != NULL);
    join_columns(&d);
    dot_end(&text);
    *out = (Picture){PICTURE_dot, .source = buf_str(&text)};
    return true;
}
