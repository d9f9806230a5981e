/* simplify_rules.c -- the rules of simplify.def, compiled once to small trees and matched by root.
**
** They are parsed by the parser of the text form at the first use.  The compiled form is static
** data: nothing to free, nothing lost when memory runs out midway, and threads that come first at
** the same time all parse and one publishes. */
#include <stdatomic.h>
#include <string.h>

#include "core/ir/parse.h"
#include "core/base/mutant.h"
#include "core/ir/simplify.h"

const SimplifyRule simplify_rules[] = {
#define RULE(types, from, to, when) {RULE_##types, from, to, when},
#include "core/ir/simplify.def"
};
enum { RULES = sizeof simplify_rules / sizeof *simplify_rules, PATS = RULES * 14 };
const size_t simplify_rule_count = RULES;

/* What a name in a rule stands for. */
typedef enum Hole { HOLE_a, HOLE_b, HOLE_c, HOLE_n, HOLE_m, HOLE_p, HOLE_q, HOLES } Hole;
static const char *const hole_name[HOLES] = {"a", "b", "c", "n", "m", "p", "q"};

typedef struct Pat {
    uint8_t op, nkids; /* OP_Var: the hole `lit`; OP_IntImm: the literal `lit` */
    bool is_bool;
    int16_t kid[3];
    int64_t lit;
} Pat;

typedef struct Code {
    int16_t from, to, when; /* -1: none */
    int16_t next;           /* the next rule with this root, or -1 */
} Code;

typedef struct RuleTable {
    Code code[RULES];
    int16_t first[OP_COUNT]; /* 1 + a rule, or 0 */
    Pat pat[PATS];
    int16_t npats;
} RuleTable;

static RuleTable table;
enum { EMPTY, FILLING, READY };
static atomic_int state = EMPTY;

/* ---- compiling ---- */

static int16_t compile(RuleTable *t, const Node *n, const Node *const *holes)
{
    assert(t->npats < PATS && n->nkids <= 3);
    int16_t at = t->npats++;
    Pat p = {.op = n->op, .nkids = (uint8_t)n->nkids, .is_bool = n->type == DT_bool};
    p.lit = n->op == OP_IntImm ? n->at.i : 0;
    for (int h = 0; n->op == OP_Var && h < HOLES; h++)
        if (holes[h] == n)
            p.lit = h;
    for (size_t i = 0; i < n->nkids; i++)
        p.kid[i] = compile(t, n->kid[i], holes);
    t->pat[at] = p;
    return at;
}

static int16_t parse_side(RuleTable *t, Arena *A, const char *text, DType type,
                          const Node *const *holes)
{
    Err err;
    const Node *n = ir_parse_expr(A, text, type, HOLES, holes, &err);
    assert(n);
    return compile(t, n, holes);
}

/* Does the side of a rule give a condition? */
static bool gives_bool(const char *from, const Node *const *holes, Arena *A)
{
    Err err;
    return ir_parse_expr(A, from, DT_bool, HOLES, holes, &err) != NULL;
}

static void compile_all(RuleTable *t, Arena *A)
{
    const Node *holes[HOLES];
    for (int h = 0; h < HOLES; h++)
        holes[h] = ir_var_like(A, h >= HOLE_p ? DT_bool : DT_int64, hole_name[h], NULL, 0);
    for (int r = RULES; r-- > 0;) {
        const SimplifyRule *rule = &simplify_rules[r];
        DType type = gives_bool(rule->from, holes, A) ? DT_bool : DT_int64;
        Code c = {.when = -1};
        c.from = parse_side(t, A, rule->from, type, holes);
        c.to = parse_side(t, A, rule->to, type, holes);
        if (rule->when[0])
            c.when = parse_side(t, A, rule->when, DT_bool, holes);
        uint8_t root = t->pat[c.from].op;
        c.next = (int16_t)(t->first[root] - 1);
        t->first[root] = (int16_t)(r + 1);
        t->code[r] = c;
    }
}

static void prepare(void)
{
    if (atomic_load_explicit(&state, memory_order_acquire) == READY)
        return;
    Arena *A = arena_scratch(NULL);
    RuleTable *mine = arena_alloc(A, sizeof *mine);
    compile_all(mine, A);
    int empty = EMPTY;
    if (atomic_compare_exchange_strong(&state, &empty, FILLING)) {
        table = *mine;
        atomic_store_explicit(&state, READY, memory_order_release);
    }
    arena_release(A);
    while (atomic_load_explicit(&state, memory_order_acquire) != READY)
        continue; /* another thread is copying */
}

/* ---- matching ---- */

typedef struct Match {
    const Node *hole[HOLES];
    DType type; /* of a, b, c, n, m; DT_COUNT while unknown */
    RuleTypes types;
} Match;

bool simplify_rule_fits(RuleTypes types, DType t)
{
    switch (types) {
    case RULE_BOOL: return t == DT_bool;
    case RULE_UINT: return dtype_is_int(t) && !dtype_is_signed(t);
    case RULE_SIGNED: return dtype_is_signed(t);
    case RULE_INT: return dtype_is_int(t);
    case RULE_FLOAT: return dtype_is_float(t);
    case RULE_ANY: return true;
    }
    return false;
}

static bool fill_hole(Match *m, int hole, const Node *n)
{
    if (m->hole[hole])
        return ir_same(m->hole[hole], n);
    if (hole >= HOLE_p) {
        m->hole[hole] = n;
        return n->type == DT_bool;
    }
    if (m->type == DT_COUNT && simplify_rule_fits(m->types, n->type))
        m->type = (DType)n->type;
    m->hole[hole] = n;
    return n->type == m->type && (ir_is_literal(n) || (hole != HOLE_n && hole != HOLE_m));
}

static bool same_literal(const Pat *p, const Node *n)
{
    if (p->is_bool)
        return n->type == DT_bool && n->at.i == p->lit;
    if (n->op == OP_FloatImm)
        return n->at.f == (double)p->lit && (n->at.f != 0 || !__builtin_signbit(n->at.f));
    return dtype_is_int(n->type) && n->at.i == dtype_wrap(n->type, p->lit);
}

static bool match(Match *m, int16_t at, const Node *n)
{
    const Pat *p = &table.pat[at];
    if (p->op == OP_Var)
        return fill_hole(m, (int)p->lit, n);
    if (p->op == OP_IntImm)
        return ir_is_literal(n) && same_literal(p, n);
    if (p->op != n->op || p->nkids != n->nkids)
        return false;
    for (int i = 0; i < p->nkids; i++)
        if (!match(m, p->kid[i], n->kid[i]))
            return false;
    return true;
}

static const Node *build(Arena *A, const Match *m, int16_t at)
{
    const Pat *p = &table.pat[at];
    if (p->op == OP_Var)
        return m->hole[p->lit];
    if (p->op == OP_IntImm)
        return p->is_bool                ? ir_bool(A, p->lit)
               : dtype_is_float(m->type) ? ir_float(A, m->type, (double)p->lit)
                                         : ir_int(A, m->type, p->lit);
    const Node *k[3] = {NULL};
    for (int i = 0; i < p->nkids; i++)
        k[i] = build(A, m, p->kid[i]);
    switch (p->op) {
    case OP_Not: return ir_not(A, k[0]);
    case OP_Neg: return ir_make(A, OP_Neg, k[0]->type, (Attr){0}, 1, k);
    case OP_Select: return ir_select(A, k[0], k[1], k[2]);
    default: return ir_binary(A, p->op, k[0], k[1]);
    }
}

/* The value that a rule for literals alone has no operand to take it from: the matched node's. */
static void settle_type(Match *m, const Node *n)
{
    if (m->type == DT_COUNT)
        m->type = (DType)n->type;
}

const Node *simplify_by_rule(Arena *A, const Node *n)
{
    prepare();
    for (int r = table.first[n->op] - 1; r >= 0; r = table.code[r].next) {
        const Code *c = &table.code[r];
        Match m = {.type = DT_COUNT, .types = simplify_rules[r].types};
        if (!match(&m, c->from, n))
            continue;
        settle_type(&m, n);
        if (m.types != RULE_BOOL && m.types != RULE_ANY && !simplify_rule_fits(m.types, m.type))
            continue;
        if (MUTANT(rule_condition_ignored, c->when >= 0, false) &&
            !ir_is_true(build(A, &m, c->when)))
            continue;
        return build(A, &m, c->to);
    }
    return NULL;
}
