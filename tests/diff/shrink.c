/* shrink.c -- from a trial that fails to a smaller one that fails likewise, and to a
** script that shows it. */
#include "tests/diff/diff.h"

#include <string.h>

#include "core/ir/print.h"

typedef struct Shrink {
    Trial *best;
    Verdict *verdict;
    bool jit;
    int left; /* trials that may be spent */
} Shrink;

/* Keeps the candidate if it fails by the same part. */
static bool keeps_failing(Shrink *s, Trial *t)
{
    Counts none = {0};
    Verdict v = {0};
    if (s->left-- <= 0 || trial_run(t, s->jit, &none, &v) || v.guilty != s->verdict->guilty)
        return false;
    *s->best = *t;
    *s->verdict = v;
    return true;
}

static bool drop_moves(Shrink *s)
{
    bool any = false;
    for (size_t i = s->best->nmoves; i-- > 0;) {
        Trial t = *s->best;
        memmove(&t.moves[i], &t.moves[i + 1], (t.nmoves - i - 1) * sizeof *t.moves);
        memmove(&t.refused[i], &t.refused[i + 1], (t.nmoves - i - 1) * sizeof *t.refused);
        t.nmoves--;
        any |= keeps_failing(s, &t);
    }
    return any;
}

static bool drop_stages(Shrink *s)
{
    bool any = false;
    for (int i = s->best->spec.nstages; i-- > 0;) {
        Trial t = *s->best;
        if (t.spec.stage[i].gone)
            continue;
        t.spec.stage[i].gone = true;
        any |= keeps_failing(s, &t);
        t = *s->best;
        t.spec.nstages--;
        if (i == t.spec.nstages && i > 0)
            any |= keeps_failing(s, &t);
    }
    return any;
}

/* Takes a flag away, if the trial fails without it, too. */
static bool clear(Shrink *s, Trial *t, bool *flag)
{
    bool was = *flag;
    *flag = false;
    return was && keeps_failing(s, t);
}

static bool drop_guards(Shrink *s)
{
    bool any = false;
    for (int i = 0; i < s->best->spec.nstages; i++) {
        Trial t = *s->best;
        any |= clear(s, &t, &t.spec.stage[i].guard.on);
        t = *s->best;
        any |= t.spec.stage[i].guard.on && clear(s, &t, &t.spec.stage[i].guard.again);
        t = *s->best;
        any |= t.spec.stage[i].guard.on && clear(s, &t, &t.spec.stage[i].guard.together);
    }
    return any;
}

/* Every byte to 0; of a nest that is off no other counts. */
static bool drop_written(Shrink *s)
{
    bool any = false;
    Trial t = *s->best;
    any |= t.spec.written.order && (t.spec.written.order = 0, keeps_failing(s, &t));
    for (int g = 0; g < WRITTEN_GROUPS; g++) {
        t = *s->best;
        t.spec.written.group[g].around = 0;
        any |= s->best->spec.written.group[g].around && keeps_failing(s, &t);
        t = *s->best;
        t.spec.written.group[g].chain = 0;
        any |= s->best->spec.written.group[g].chain && keeps_failing(s, &t);
        for (int k = 0; k < WRITTEN_NESTS; k++) {
            const WrittenNest *best = &s->best->spec.written.group[g].nest[k];
            t = *s->best;
            t.spec.written.group[g].nest[k] = (WrittenNest){0};
            any |= best->on && keeps_failing(s, &t);
            for (size_t i = 0; best->on && i < sizeof best->form; i++) {
                t = *s->best;
                t.spec.written.group[g].nest[k].form[i] = 0;
                any |= best->form[i] && keeps_failing(s, &t);
            }
        }
    }
    return any;
}

static bool shrink_data(Shrink *s)
{
    bool any = false;
    for (int i = 0; i < POOL; i++)
        for (int64_t e = 1; e < s->best->spec.extent[i] && e < 16; e++) {
            Trial t = *s->best;
            t.spec.extent[i] = e;
            if (keeps_failing(s, &t)) {
                any = true;
                break;
            }
        }
    Trial t = *s->best;
    t.spec.specials = false;
    t.spec.exact = true;
    if (!s->best->spec.exact)
        any |= keeps_failing(s, &t);
    t = *s->best;
    t.spec.jagged = 0;
    if (s->best->spec.jagged)
        any |= keeps_failing(s, &t);
    t = *s->best;
    t.spec.wrapped = 0;
    if (s->best->spec.wrapped)
        any |= keeps_failing(s, &t);
    t = *s->best;
    t.spec.scattered = 0;
    if (s->best->spec.scattered)
        any |= keeps_failing(s, &t);
    t = *s->best;
    t.spec.type = DT_int32;
    if (s->best->spec.type != DT_int32)
        any |= keeps_failing(s, &t);
    return any;
}

void trial_shrink(Trial *t, Verdict *v, bool jit)
{
    Shrink s = {t, v, jit, 600};
    bool any = true;
    while (any && s.left > 0) {
        any = drop_moves(&s);
        any = drop_stages(&s) || any;
        any = drop_guards(&s) || any;
        any = (t->spec.written.on && drop_written(&s)) || any;
        any = shrink_data(&s) || any;
    }
}

/* Of a program that leaves elements unwritten a check complains, of that alone if all is right. */
static void put_check(Buf *out, const Trial *t, const char *how, const char *program,
                      const char *in)
{
    if (!t->spec.scattered) {
        buf_printf(out, "same(\"%s\", %s:check(%s))\n", how, program, in);
        return;
    }
    buf_printf(out,
               "do\n  local ok, e = pcall(%s.check, %s%s%s)\n"
               "  right = right and (ok or e.code == \"never_written\")\n  print(\"%s\", e)\nend\n",
               program, program, *in ? ", " : "", in, how);
}

const char *trial_lua(Arena *A, const Trial *t, const Verdict *v)
{
    Program p;
    Data d;
    Err err = {0};
    Buf out = buf_new(A);
    buf_printf(&out, "-- %s: %s\n", guilty_name[v->guilty], v->why);
    if (!spec_build(A, &t->spec, &p, &err))
        return buf_str(&out);
    buf_printf(&out, "local f = tvm.parse [[\n%s]]\nlocal s = tvm.schedule(f)\n",
               ir_text(A, p.func));
    for (size_t i = 0; i < t->nmoves; i++) {
        buf_puts(&out, t->refused[i] ? "-- refused: " : "");
        step_text(&out, "s", t->moves[i].prim, t->moves[i].nargs, t->moves[i].args);
        buf_putc(&out, '\n');
    }
    buf_puts(&out, "print(s:ir())\n");
    if (!data_make(&t->spec, p.func, &d, &err))
        return buf_str(&out);
    data_lua(&out, &t->spec, p.func, &d);
    Buf names = buf_new(A);
    for (size_t i = 0; i < d.nin; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", ir_buf_name(p.func->kid[Func_params]->kid[i]));
    const char *in = buf_str(&names);
    buf_printf(&out, "local want = { f:build(\"interp\"):run(%s) }\n", in);
    /* Bit for bit, but for sums in another order and contracted products. */
    buf_puts(&out, "local right = true\nlocal rounds = s:history():find \"round\"\n"
                   "local function same(how, ...)\n  local got = { ... }\n  for i = 1, #want do\n"
                   "    local c = tvm.check(got[i], want[i])\n"
                   "    if got[i] ~= want[i] and not (rounds and c.ok) then right = false end\n"
                   "    print(how, got[i] == want[i] and \"the same\" or c)\n  end\nend\n");
    put_check(&out, t, "scheduled", "s", in);
    put_check(&out, t, "lowered", "tvm.parse(s:lowered())", in);
    buf_printf(&out, "same(\"compiled\", s:build(\"%s\"):run(%s))\n",
               t->optimised ? "llvm" : "llvm -O0", in);
    if (v->guilty == GUILTY_ptx)
        buf_printf(&out,
                   "-- without a GPU: PRETENDED_SM=90 LD_LIBRARY_PATH=build/tests/fakes\n"
                   "same(\"PTX\", s:build(\"%s\"):run(%s))\n",
                   gpu_target(&t->spec), in);
    buf_puts(&out, "os.exit(right)\n");
    data_free(&d);
    return buf_str(&out);
}
