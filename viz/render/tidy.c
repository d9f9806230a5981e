/* tidy.c -- the last touches to arrows that Graphviz has laid out.
**
** Graphviz fits curves to the shortest way through free space, and where that way bends sharply a
** curve may shoot far past the bend and come back.  It also keeps the place of a label free of all
** arrows but the label's own, which crosses it where it comes down at a slant.
*/
#include "viz/render/tidy.h"

#include <math.h>

#include "core/base/vec.h"

enum { STEPS = 16, CLEAR = 2 /* points between a label and an arrow */ };

typedef struct Place {
    pointf p;
    Agedge_t *of;
} Place;

typedef struct Tidy {
    Arena *A;
    VEC(Place) line;      /* points of all arrows, close to each other */
    VEC(boxf) solid;      /* nodes, and the labels of frames */
    VEC(boxf) frame;      /* of clusters: a label is inside or outside */
    VEC(Agedge_t *) said; /* arrows that bear a label */
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

static bool hits_solid(const Tidy *t, const pointf *curve)
{
    for (int s = 1; s < STEPS; s++) {
        pointf p = on_curve(curve, (double)s / STEPS);
        for (size_t i = 0; i < t->solid.n; i++)
            if (within(p, t->solid.at[i]))
                return true;
        for (size_t i = 0; i < t->said.n; i++)
            if (within(p, label_box(ED_label(t->said.at[i]))))
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

/* ---- labels ---- */

static void add_line(Tidy *t, Agedge_t *e, pointf from, pointf to)
{
    for (int s = 0; s <= STEPS; s++)
        vec_push(t->A, &t->line, ((Place){between(from, to, (double)s / STEPS), e}));
}

static void add_arrow(Tidy *t, Agedge_t *e)
{
    for (int k = 0; k < ED_spl(e)->size; k++) {
        bezier *b = &ED_spl(e)->list[k];
        if (b->sflag)
            add_line(t, e, b->sp, b->list[0]);
        for (int i = 0; i + 3 < b->size; i += 3) {
            straighten(t, b->list + i);
            int steps = (int)(distance(b->list[i], b->list[i + 3]) / 2) + STEPS;
            for (int s = 0; s <= steps; s++)
                vec_push(t->A, &t->line, ((Place){on_curve(b->list + i, (double)s / steps), e}));
        }
        if (b->eflag)
            add_line(t, e, b->list[b->size - 1], b->ep);
    }
}

/* Does an arrow cross the box?  The label's own may run down its edge. */
static bool crossed(const Tidy *t, Agedge_t *e, boxf box)
{
    boxf wide = {{box.LL.x - CLEAR, box.LL.y}, {box.UR.x + CLEAR, box.UR.y}},
         own = {{box.LL.x + 0.5, box.LL.y}, {box.UR.x - 0.5, box.UR.y}};
    for (size_t i = 0; i < t->line.n; i++)
        if (within(t->line.at[i].p, t->line.at[i].of == e ? own : wide))
            return true;
    return false;
}

static bool is_free(const Tidy *t, Agedge_t *e, boxf box)
{
    for (size_t i = 0; i < t->solid.n; i++)
        if (overlap(box, t->solid.at[i]))
            return false;
    for (size_t i = 0; i < t->frame.n; i++)
        if (overlap(box, t->frame.at[i]) && !holds(t->frame.at[i], box))
            return false;
    for (size_t i = 0; i < t->said.n; i++)
        if (t->said.at[i] != e && overlap(box, label_box(ED_label(t->said.at[i]))))
            return false;
    return !crossed(t, e, box);
}

/* Beside the own arrow where it is as high as `at`: right or left of all of it that is beside the
** label. */
static pointf beside(const Tidy *t, Agedge_t *e, pointf at, bool right)
{
    pointf size = ED_label(e)->dimen;
    double x = at.x;
    for (size_t i = 0; i < t->line.n; i++) {
        pointf p = t->line.at[i].p;
        if (t->line.at[i].of == e && fabs(p.y - at.y) < size.y / 2)
            x = right ? fmax(x, p.x) : fmin(x, p.x);
    }
    return (pointf){x + (right ? 1 : -1) * size.x / 2, at.y};
}

/* To the nearest free place beside its arrow, if there is one on the page. */
static void move_label(const Tidy *t, Agedge_t *e, boxf page)
{
    textlabel_t *l = ED_label(e);
    pointf best = l->pos;
    double least = INFINITY;
    if (!crossed(t, e, label_box(l)))
        return;
    for (size_t i = 0; i < t->line.n; i++) {
        for (int right = 0; right < 2 && t->line.at[i].of == e; right++) {
            pointf to = beside(t, e, t->line.at[i].p, right);
            boxf box = box_at(to, l->dimen);
            double far = distance(l->pos, to);
            if (far < least && holds(page, box) && is_free(t, e, box)) {
                least = far;
                best = to;
            }
        }
    }
    l->pos = best;
}

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

void tidy_arrows(Agraph_t *g)
{
    Tidy t = {.A = arena_new(NULL)};
    add_frames(&t, g);
    for (Agnode_t *n = agfstnode(g); n; n = agnxtnode(g, n))
        vec_push(t.A, &t.solid,
                 ((boxf){{ND_coord(n).x - ND_lw(n), ND_coord(n).y - ND_ht(n) / 2},
                         {ND_coord(n).x + ND_rw(n), ND_coord(n).y + ND_ht(n) / 2}}));
    for (Agnode_t *n = agfstnode(g); n; n = agnxtnode(g, n))
        for (Agedge_t *e = agfstout(g, n); e; e = agnxtout(g, e))
            if (ED_label(e) && ED_label(e)->set)
                vec_push(t.A, &t.said, e);
    for (Agnode_t *n = agfstnode(g); n && t.said.n; n = agnxtnode(g, n))
        for (Agedge_t *e = agfstout(g, n); e; e = agnxtout(g, e))
            if (ED_spl(e))
                add_arrow(&t, e);
    for (size_t i = 0; i < t.said.n; i++)
        move_label(&t, t.said.at[i], GD_bb(g));
    arena_release(t.A);
}
