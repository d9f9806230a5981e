/* einsum.c -- sums of products by Einstein's convention: "bij,bjk->bik".
**
** A label is a letter, or a place in the ellipsis counted from its end; each has one extent.
** Labels that the result lacks are summed over.
*/
#include <ctype.h>
#include <string.h>

#include "core/graph/ops/lower.h"

enum { LETTERS = 52, LABELS = LETTERS + GRAPH_MAX_RANK, MOST_TERMS = 16 };

typedef struct Term {
    int n, label[2 * GRAPH_MAX_RANK];
} Term;

typedef struct Einsum {
    size_t nterms;
    Term term[MOST_TERMS], out;
    int ellipsis; /* axes in the longest ellipsis */
    int64_t extent[LABELS];
    bool used[LABELS];
} Einsum;

static int letter(char c)
{
    return islower((unsigned char)c) ? c - 'a' : c - 'A' + 26;
}

/* Reads labels up to a comma, an arrow or the end; `rank` is how many axes they stand for (-1 for
** the result: as its ellipsis is).  False where they do not fit. */
static bool read_term(const char **text, int rank, int ellipsis, Term *t)
{
    int letters = 0;
    const char *s = *text;
    for (const char *p = s; *p && *p != ',' && *p != '-'; p++)
        letters += isalpha((unsigned char)*p) != 0;
    int dots = rank < 0 ? ellipsis : rank - letters;
    if (letters > GRAPH_MAX_RANK || dots < 0)
        return false;
    t->n = 0;
    bool had_dots = false;
    for (; *s && *s != ',' && *s != '-'; s++) {
        if (*s == ' ')
            continue;
        if (isalpha((unsigned char)*s)) {
            t->label[t->n++] = letter(*s);
        } else if (!strncmp(s, "...", 3) && !had_dots) {
            for (int i = dots; i-- > 0;)
                t->label[t->n++] = LETTERS + i;
            had_dots = true;
            s += 2;
        } else {
            return false;
        }
    }
    *text = s;
    return had_dots || rank < 0 || !dots;
}

/* The result's labels where the equation does not give them: the ellipsis, then those that occur
 * once. */
static void implicit_result(const Einsum *e, Term *out)
{
    int count[LETTERS] = {0};
    for (size_t i = 0; i < e->nterms; i++)
        for (int k = 0; k < e->term[i].n; k++)
            if (e->term[i].label[k] < LETTERS)
                count[e->term[i].label[k]]++;
    out->n = 0;
    for (int i = e->ellipsis; i-- > 0;)
        out->label[out->n++] = LETTERS + i;
    for (int upper = 1; upper >= 0; upper--) /* in the order of the alphabet, capitals first */
        for (int i = 0; i < 26; i++)
            if (count[26 * upper + i] == 1 && out->n < GRAPH_MAX_RANK)
                out->label[out->n++] = 26 * upper + i;
}

static bool read_extents(const GraphCall *c, Einsum *e, size_t i)
{
    GType t = call_type(c, i);
    for (int d = 0; d < t.rank; d++) {
        int label = e->term[i].label[d];
        int64_t *extent = &e->extent[label];
        bool stretches = label >= LETTERS;
        if (e->used[label] && dim_known(*extent) && dim_known(t.dim[d]) && *extent != t.dim[d] &&
            !(stretches && (*extent == 1 || t.dim[d] == 1)))
            return call_refuse(c, "'%c' is %lld in one place and %lld in another",
                               stretches    ? '.'
                               : label < 26 ? 'a' + label
                                            : 'A' + label - 26,
                               (long long)*extent, (long long)t.dim[d]);
        if (!e->used[label] || !dim_known(*extent) || (stretches && *extent == 1))
            *extent = t.dim[d];
        e->used[label] = true;
    }
    return true;
}

static bool read_einsum(const GraphCall *c, Einsum *e)
{
    const char *equation = call_str(c, A_einsum_equation), *s = equation;
    memset(e, 0, sizeof *e);
    for (;; s++) {
        size_t i = e->nterms++;
        if (i == c->node->nin || i == MOST_TERMS || !read_term(&s, call_rank(c, i), 0, &e->term[i]))
            return call_refuse(c, "the equation '%s' does not fit its inputs", equation);
        for (int k = 0; k < e->term[i].n; k++)
            if (e->term[i].label[k] - LETTERS >= e->ellipsis)
                e->ellipsis = e->term[i].label[k] - LETTERS + 1;
        if (!read_extents(c, e, i))
            return false;
        if (*s != ',')
            break;
    }
    if (*s && strncmp(s, "->", 2) != 0)
        return call_refuse(c, "the equation '%s' has a '%c' in it", equation, *s);
    bool said = *s;
    s += said ? 2 : 0;
    if (!said)
        implicit_result(e, &e->out);
    else if (!read_term(&s, -1, e->ellipsis, &e->out) || *s)
        return call_refuse(c, "the result of '%s' is no list of labels", equation);
    bool seen[LABELS] = {0};
    for (int k = 0; k < e->out.n; k++) {
        int label = e->out.label[k];
        if (!e->used[label] || seen[label] || e->out.n > GRAPH_MAX_RANK)
            return call_refuse(c, "the result of '%s' has a label twice, or one that no input has",
                               equation);
        seen[label] = true;
    }
    return e->nterms == c->node->nin ||
           call_refuse(c, "the equation '%s' is for %zu inputs", equation, e->nterms);
}

bool infer_einsum(GraphCall *c)
{
    Einsum e;
    int64_t dim[GRAPH_MAX_RANK];
    if (!read_einsum(c, &e))
        return false;
    for (int k = 0; k < e.out.n; k++)
        dim[k] = e.extent[e.out.label[k]];
    call_out(c, 0, call_type(c, 0).dtype, e.out.n, dim);
    return true;
}

int64_t flops_einsum(GraphCall *c)
{
    Einsum e;
    int64_t n = c->node->nin;
    if (!read_einsum(c, &e))
        return -1;
    for (int label = 0; label < LABELS; label++)
        n = e.used[label] ? flops_times(n, e.extent[label]) : n;
    return n;
}

static const char *label_name(LowerCall *l, int label)
{
    return label >= LETTERS
               ? arena_printf(l->call.A, "b%d", label - LETTERS)
               : arena_printf(l->call.A, "%c", label < 26 ? 'a' + label : 'A' + label - 26);
}

bool lower_einsum(LowerCall *l)
{
    Einsum e;
    if (!read_einsum(&l->call, &e))
        return false;
    const Node *at[LABELS] = {0}, *product = NULL;
    Axes ax = {.n = e.out.n}, over = {0};
    for (int k = 0; k < e.out.n; k++) {
        int label = e.out.label[k];
        ax.extent[k] = e.extent[label];
        ax.at[k] = at[label] = te_axis(l->te, label_name(l, label), e.extent[label]);
    }
    for (int label = 0; label < LABELS; label++) {
        if (!e.used[label] || at[label])
            continue;
        if (over.n == GRAPH_MAX_RANK)
            return call_cannot(&l->call, "it sums over more than %d labels", GRAPH_MAX_RANK);
        over.extent[over.n] = e.extent[label];
        over.at[over.n++] = at[label] =
            te_reduce_axis(l->te, label_name(l, label), e.extent[label]);
    }
    for (size_t i = 0; i < e.nterms; i++) {
        const Node *index[GRAPH_MAX_RANK];
        for (int d = 0; d < lower_type(l, i).rank; d++) {
            int label = e.term[i].label[d];
            bool stretched = lower_type(l, i).dim[d] == 1 && e.extent[label] != 1;
            index[d] = stretched ? ix(l, 0) : at[label];
        }
        const Node *factor = lower_at(l, i, index);
        product = product ? te_mul(l->te, product, factor) : factor;
    }
    if (over.n)
        l->out[0] = lower_reduce(l, NULL, COMB_sum, &ax, &over, product);
    else
        lower_out(l, 0, &ax, product);
    return true;
}
