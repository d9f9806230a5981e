/* conflict.c -- two iterations that get into each other's way, by integer sets: the search over a
** few iterations, which sees all of these small loops, finds some just where the sets do; but that
** it remembers one toucher of an element, who may have another copy than those that come later. */
#include "tests/nests.h"
#include "tests/program.h"
#include "tests/trials.h"

#include "core/affine/dep.h"

static const char *const kinds[] = {"range",       "parallel",    "vectorized",
                                    "threadIdx.x", "threadIdx.y", "blockIdx.x"};
enum { AXES = 3, KINDS = sizeof kinds / sizeof *kinds };

/* `used`: bits of kinds that a nest has once. */
static void put_nest(Buf *b, int indent, const char *const *loops, int n, unsigned used)
{
    static const char *const names[] = {"i", "j", "k"}, *const scopes[] = {"", " shared", " local"};
    if (n == 1)
        buf_printf(b, "%*salloc U: float32[%d]%s\n", indent, "", NEST_SIZE, scopes[below(3)]);
    for (int s = n == 0 ? 1 : 1 + below(2); s > 0; s--) {
        const char *inner[3];
        memcpy(inner, loops, (size_t)n * sizeof *loops);
        if (n == 3 || (n > 0 && below(3) == 0)) {
            nest_statement(b, indent, loops, n);
            continue;
        }
        int kind = below(KINDS), extent = 1 + below(3); /* whose iterations the search takes all */
        bool axis = kind >= AXES;
        if (axis && (used >> kind & 1))
            kind = axis = 0;
        inner[n] = names[n];
        buf_printf(b, axis ? "%*sfor %s in bind(\"%s\", %d):\n" : "%*sfor %s in %s(%d):\n", indent,
                   "", names[n], kinds[kind], extent);
        put_nest(b, indent + 2, inner, n + 1, used | (axis ? 1u << kind : 0));
    }
}

typedef struct Compared {
    Arena *A;
    const Node *func;
    const char *text;
    int loops, found, unseen; /* by the search */
} Compared;

static bool compare(void *env, const Node *n)
{
    Compared *c = env;
    if (n->op != OP_For)
        return op_info[n->op].cls != CLASS_EXPR;
    LoopConflict by_sets, by_search;
    const Node *var = n->kid[For_var];
    const char *why;
    bool sets = dep_conflict(c->A, c->func, var, DEP_THOROUGH, &by_sets, &why) == DEP_BROKEN,
         search = witness_find(c->A, c->func, var, WITNESS_STEPS, &by_search);
    bool copies = sets && by_sets.buffer->at.buf->scope != SCOPE_global;
    if (sets != search && !copies && (sets || nest_plain))
        fail_msg("loop %s: %s by %s alone\n%s", ir_var_name(var),
                 witness_text(c->A, var, sets ? &by_sets : &by_search), sets ? "sets" : "search",
                 c->text);
    c->loops++;
    c->found += sets;
    c->unseen += sets && !search;
    return true;
}

static void sets_and_search_agree(void **state)
{
    (void)state;
    static const char *const scopes[] = {"", " shared", " local"};
    int trials = trials_of(3000, 500), loops = 0, found = 0, unseen = 0;
    for (int t = 0; t < trials; t++) {
        Arena *A = arena_new(NULL);
        Buf b = buf_new(A);
        nest_plain = true;
        buf_printf(&b, "func f(A: float32[1]) -> C: float32[%d]:\n  alloc T: float32[%d]%s\n",
                   NEST_SIZE, NEST_SIZE, scopes[below(3)]);
        put_nest(&b, 2, kinds, 0, 0);
        Compared c = {A, parse_verified(A, buf_str(&b)), buf_str(&b), 0, 0, 0};
        ir_walk(c.func, compare, &c);
        loops += c.loops;
        found += c.found;
        unseen += c.unseen;
        arena_release(A);
    }
    print_message("%d loops, %d with two iterations that meet, %d by sets alone\n", loops, found,
                  unseen);
    assert_true(found > loops / 4 && found < loops - loops / 10 && unseen < found / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sets_and_search_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
