/* tidy.c -- the last touches to arrows that Graphviz has laid out.
**
** Graphviz fits curves to the shortest way through free space, and where that way bends sharply a
** curve may shoot far past the bend and come back.  It also keeps the place of a label free of all
** arrows but the label's own, which crosses it where it comes down at a slant.
*/
#include "viz/render/tidy.h"

#include <math.h>

#include "core/base/vec.h"

enum {
    CLEAR = 2, /* points between a label and an arrow */
    APART = 2, /* and, on average at most, between two of the points by which an arrow is known */
    CELL = 24, /* the side of a grid's cell */
    TRIES = 64 /* places along an arrow at which its label is tried */
};

/* What all labels together may be moved for, in boxes and points looked at: a second or less. */
static const size_t MOST_WORK = 100000000;

typedef struct Place {
    pointf p;
    Agedge_t *of;
} Place;

typedef VEC(Place) Places;

/* An arrow that bears a label. */
typedef struct Said {
    Agedge_t *e;
    size_t first, n; /* its points */
} Said;

typedef struct Tidy {
    Arena *A;
    Places line;     /* points of all arrows, those of one together, close to each other */
    VEC(boxf) solid; /* nodes, and the labels of frames */
    VEC(boxf) frame; /* of clusters: a label is inside or outside */
    VEC(Said) said;
    boxf page;
    int w, h;     /* of the grid over it */
    Places *cell; /* the points in each cell */
    size_t work;
} Tidy;

static double distance(pointf a, pointf b)
{
    return hypot(b.x - a.x, b.y - a.y);
}

static pointf between(pointf a, pointf b, double t)
{
    return (pointf){a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t};
}

/* De Casteljau's. */
static pointf on_curve(const pointf *c, double t)
{
    pointf a = between(c[0], c[1], t), b = between(c[1], c[2], t), d = between(c[2], c[3], t);
    return between(between(a, b, t), between(b, d, t), t);
}

static bool overlap(boxf a, boxf b)
{
    return a.LL.x < b.UR.x && b.LL.x < a.UR.x && a.LL.y < b.UR.y && b.LL.y < a.UR.y;
}

static bool holds(boxf a, boxf b)
{
    return a.LL.x <= b.LL.x && a.LL.y <= b.LL.y && a.UR.x >= b.UR.x && a.UR.y >= b.UR.y;
}

static bool within(pointf p, boxf b)
{
    return p.x > b.LL.x && p.x < b.UR.x && p.y > b.LL.y && p.y < b.UR.y;
}

static boxf box_at(pointf mid, pointf size)
{
    return (boxf){{mid.x - size.x / 2, mid.y - size.y / 2},
                  {mid.x + size.x / 2, mid.y + size.y / 2}};
}

static boxf label_box(const textlabel_t *l)
{
    return box_at(l->pos, l->dimen);
}

/* ---- loops ---- */

/* How many points on a way: further apart where it is very long. */
static int steps_along(double length)
{
    return (int)fmin(length / APART, 10000) + 1;
}

/* No shorter than the curve. */
static double around(const pointf *c)
{
    return distance(c[0], c[1]) + distance(c[1], c[2]) + distance(c[2], c[3]);
}

static bool hits_solid(const Tidy *t, const pointf *curve)
{
    int steps = steps_along(around(curve));
    for (int s = 1; s < steps; s++) {
        pointf p = on_curve(curve, (double)s / steps);
        for (size_t i = 0; i < t->solid.n; i++)
            if (within(p, t->solid.at[i]))
                return true;
        for (size_t i = 0; i < t->said.n; i++)
            if (within(p, label_box(ED_label(t->said.at[i].e))))
                return true;
    }
    return false;
}

/* A handle longer than its curve is what makes it shoot past its end. */
static void straighten(const Tidy *t, pointf *c)
{
    double far = distance(c[0], c[3]);
    if (distance(c[0], c[1]) <= far && distance(c[3], c[2]) <= far)
        return;
    pointf tamed[4] = {c[0], c[1], c[2], c[3]};
    if (distance(c[0], c[1]) > far)
        tamed[1] = between(c[0], c[1], far / 3 / distance(c[0], c[1]));
    if (distance(c[3], c[2]) > far)
        tamed[2] = between(c[3], c[2], far / 3 / distance(c[3], c[2]));
    if (!hits_solid(t, tamed)) {
        c[1] = tamed[1];
        c[2] = tamed[2];
    }
}

/* ---- where arrows are ---- */

static int clamp(double at, int n)
{
    return at > 0 ? at >= n ? n - 1 : (int)at : 0;
}

/* The cells that the box touches, as numbers of columns and rows; what is off the page counts to
** the cells at its edge. */
static void cells_of(const Tidy *t, boxf b, int *left, int *low, int *right, int *top)
{
    *left = clamp((b.LL.x - t->page.LL.x) / CELL, t->w);
    *right = clamp((b.UR.x - t->page.LL.x) / CELL, t->w);
    *low = clamp((b.LL.y - t->page.LL.y) / CELL, t->h);
    *top = clamp((b.UR.y - t->page.LL.y) / CELL, t->h);
}

static void add_point(Tidy *t, Agedge_t *e, pointf p)
{
    int x, y;
    Place place = {p, e};
    cells_of(t, (boxf){p, p}, &x, &y, &x, &y);
    vec_push(t->A, &t->line, place);
    vec_push(t->A, &t->cell[y * t->w + x], place);
}

static void add_line(Tidy *t, Agedge_t *e, pointf from, pointf to)
{
    int steps = steps_along(distance(from, to));
    for (int s = 0; s <= steps; s++)
        add_point(t, e, between(from, to, (double)s / steps));
}

static void add_arrow(Tidy *t, Agedge_t *e)
{
    for (int k = 0; k < ED_spl(e)->size; k++) {
        bezier *b = &ED_spl(e)->list[k];
        if (b->sflag)
            add_line(t, e, b->sp, b->list[0]);
        for (int i = 0; i + 3 < b->size; i += 3) {
            straighten(t, b->list + i);
            int steps = steps_along(around(b->list + i));
            for (int s = 0; s <= steps; s++)
                add_point(t, e, on_curve(b->list + i, (double)s / steps));
        }
        if (b->eflag)
            add_line(t, e, b->list[b->size - 1], b->ep);
    }
}

/* ---- labels ---- */

/* Does an arrow cross the box?  The label's own may run down its edge. */
static bool crossed(Tidy *t, Agedge_t *e, boxf box)
{
    boxf wide = {{box.LL.x - CLEAR, box.LL.y}, {box.UR.x + CLEAR, box.UR.y}},
         own = {{box.LL.x + 0.5, box.LL.y}, {box.UR.x - 0.5, box.UR.y}};
    int left, low, right, top;
    cells_of(t, wide, &left, &low, &right, &top);
    for (int y = low; y <= top; y++)
        for (int x = left; x <= right; x++) {
            const Places *here = &t->cell[y * t->w + x];
            t->work += here->n;
            for (size_t i = 0; i < here->n; i++)
                if (within(here->at[i].p, here->at[i].of == e ? own : wide))
                    return true;
        }
    return false;
}

static bool is_free(Tidy *t, Agedge_t *e, boxf box)
{
    t->work += t->solid.n + t->frame.n + t->said.n;
    for (size_t i = 0; i < t->solid.n; i++)
        if (overlap(box, t->solid.at[i]))
            return false;
    for (size_t i = 0; i < t->frame.n; i++)
        if (overlap(box, t->frame.at[i]) && !holds(t->frame.at[i], box))
            return false;
    for (size_t i = 0; i < t->said.n; i++)
        if (t->said.at[i].e != e && overlap(box, label_box(ED_label(t->said.at[i].e))))
            return false;
    return !crossed(t, e, box);
}

/* Beside the own arrow where it is as high as `at`: right or left of all of it that is beside the
** label. */
static pointf beside(Tidy *t, const Said *s, pointf at, bool right)
{
    pointf size = ED_label(s->e)->dimen;
    double x = at.x;
    t->work += s->n;
    for (size_t i = s->first; i < s->first + s->n; i++) {
        pointf p = t->line.at[i].p;
        if (fabs(p.y - at.y) < size.y / 2)
            x = right ? fmax(x, p.x) : fmin(x, p.x);
    }
    return (pointf){x + (right ? 1 : -1) * size.x / 2, at.y};
}

/* To the nearest free one of some places beside its arrow, if there is one on the page. */
static void move_label(Tidy *t, const Said *s)
{
    textlabel_t *l = ED_label(s->e);
    pointf best = l->pos;
    double least = INFINITY;
    if (!crossed(t, s->e, label_box(l)))
        return;
    for (size_t i = 0; i < s->n && t->work < MOST_WORK; i += s->n / TRIES + 1)
        for (int right = 0; right < 2; right++) {
            pointf to = beside(t, s, t->line.at[s->first + i].p, right);
            boxf box = box_at(to, l->dimen);
            double far = distance(l->pos, to);
            if (far < least && holds(t->page, box) && is_free(t, s->e, box)) {
                least = far;
                best = to;
            }
        }
    l->pos = best;
}

/* ---- the picture ---- */

static void add_frames(Tidy *t, Agraph_t *g)
{
    for (int c = 1; c <= GD_n_cluster(g); c++) {
        Agraph_t *frame = GD_clust(g)[c];
        vec_push(t->A, &t->frame, GD_bb(frame));
        if (GD_label(frame) && GD_label(frame)->set)
            vec_push(t->A, &t->solid, label_box(GD_label(frame)));
        add_frames(t, frame);
    }
}

static void add_nodes(Tidy *t, Agraph_t *g)
{
    for (Agnode_t *n = agfstnode(g); n; n = agnxtnode(g, n)) {
        vec_push(t->A, &t->solid,
                 ((boxf){{ND_coord(n).x - ND_lw(n), ND_coord(n).y - ND_ht(n) / 2},
                         {ND_coord(n).x + ND_rw(n), ND_coord(n).y + ND_ht(n) / 2}}));
        for (Agedge_t *e = agfstout(g, n); e; e = agnxtout(g, e))
            if (ED_label(e) && ED_label(e)->set && ED_spl(e))
                vec_push(t->A, &t->said, (Said){.e = e});
    }
}

static void add_arrows(Tidy *t, Agraph_t *g)
{
    size_t next = 0; /* the arrows that bear labels come in the same order */
    for (Agnode_t *n = agfstnode(g); n; n = agnxtnode(g, n))
        for (Agedge_t *e = agfstout(g, n); e; e = agnxtout(g, e)) {
            size_t first = t->line.n;
            if (ED_spl(e))
                add_arrow(t, e);
            if (next < t->said.n && t->said.at[next].e == e)
                t->said.at[next++] = (Said){e, first, t->line.n - first};
        }
}

void tidy_arrows(Agraph_t *g)
{
    Tidy t = {.A = arena_new(NULL), .page = GD_bb(g)};
    t.w = (int)fmin((t.page.UR.x - t.page.LL.x) / CELL, 1000) + 1;
    t.h = (int)fmin((t.page.UR.y - t.page.LL.y) / CELL, 1000) + 1;
    t.cell = ARENA_ARRAY(t.A, Places, (size_t)t.w * (size_t)t.h);
    add_frames(&t, g);
    add_nodes(&t, g);
    if (t.said.n)
        add_arrows(&t, g);
    for (size_t i = 0; i < t.said.n; i++)
        move_label(&t, &t.said.at[i]);
    arena_release(t.A);
}
