/* cases.c -- running ONNX's backend test cases. */
#include "core/import/onnx/cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/graph/ops.h"
#include "core/import/onnx/onnx.h"

const CaseOptions case_options_operator = {.rtol = 1e-3, .atol = 1e-7};
const CaseOptions case_options_model = {.rtol = 1e-4, .atol = 1e-6, .whole = true};

bool onnx_is_case(const char *dir)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/model.onnx", dir);
    return access(path, R_OK) == 0;
}

static void release(void *t)
{
    tensor_release(t);
}

/* input_K.pb or output_K.pb of a set, owned by A; NULL, without an error, if there is
** no such file. */
static Tensor *read_part(Arena *A, const char *dir, int set, const char *part, uint32_t k, Err *err)
{
    const char *path = arena_printf(A, "%s/test_data_set_%d/%s_%u.pb", dir, set, part, k);
    *err = (Err){0};
    if (access(path, R_OK) != 0)
        return NULL;
    Tensor *t = onnx_tensor_file(path, err);
    if (t)
        arena_own(A, t, release);
    return t;
}

/* ---- comparing ---- */

static double number(const Tensor *t, int64_t i)
{
    Scalar s = tensor_at(t, i);
    return dtype_is_float(t->dtype) ? s.f
           : t->dtype == DT_uint64  ? (double)(uint64_t)s.i
                                    : (double)s.i;
}

static const char *index_text(Arena *A, const Tensor *t, int64_t i)
{
    int64_t index[TENSOR_MAX_RANK];
    const char *text = "";
    tensor_unravel(t, i, index);
    for (int d = 0; d < t->rank; d++)
        text = arena_printf(A, "%s%s%lld", text, d ? ", " : "", (long long)index[d]);
    return text;
}

/* What is different first, and how many are; NULL if nothing is. */
static const char *difference(Arena *A, const char *name, const Tensor *y, const Tensor *ref,
                              const CaseOptions *how)
{
    if (y->dtype != ref->dtype || !shape_equal(y, ref))
        return arena_printf(A,
                            "%s is %s of %lld elements in %d dimensions, expected %s of %lld in %d",
                            name, dtype_name(y->dtype), (long long)tensor_size(y), y->rank,
                            dtype_name(ref->dtype), (long long)tensor_size(ref), ref->rank);
    int64_t n = tensor_size(ref);
    double greatest = 0;
    for (int64_t i = 0; how->whole && i < n; i++)
        if (isfinite(number(ref, i)) && fabs(number(ref, i)) > greatest)
            greatest = fabs(number(ref, i));
    int64_t differ = 0, first = 0;
    for (int64_t i = 0; i < n; i++) {
        double a = number(y, i), b = number(ref, i);
        bool exact = !dtype_is_float(ref->dtype);
        double bound = exact ? 0 : how->atol + how->rtol * (how->whole ? greatest : fabs(b));
        if (a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= bound)
            continue;
        first = differ++ ? first : i;
    }
    return !differ ? NULL
                   : arena_printf(A, "%s[%s] is %.9g, expected %.9g; %lld of %lld elements differ",
                                  name, index_text(A, y, first), number(y, first),
                                  number(ref, first), (long long)differ, (long long)n);
}

/* ---- one case ---- */

static bool only_unsupported(ErrCode code)
{
    return code == ERR_graph_unsupported || code == ERR_onnx_element_type ||
           code == ERR_graph_not_static;
}

static CaseVerdict trouble(Arena *A, const Err *err, const char **text)
{
    *text = arena_strdup(A, err->why);
    return only_unsupported(err->code) ? CASE_UNSUPPORTED : CASE_FAILED;
}

static bool interpret(void *env, const Module *m, Tensor *const *in, Tensor **out, Err *err)
{
    (void)env;
    return graph_interpret(m, in, out, err);
}

/* The first node that cannot run, which explains more than what its absence leads to. */
static const char *unsupported(Arena *A, const Graph *g)
{
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const GNode *n = g->node[k];
        if (gnode_is(n, GOP_unsupported))
            return arena_printf(A, "%s (opset %lld): %s", n->attr[A_unsupported_op].at.s,
                                (long long)n->attr[A_unsupported_opset].at.i,
                                n->attr[A_unsupported_why].at.s);
    }
    return NULL;
}

static CaseVerdict run_set(Arena *A, Graph *g, const char *dir, int set, const CaseOptions *how,
                           const char **text)
{
    Err err = {0};
    Tensor **in = ARENA_ARRAY(A, Tensor *, g->ninputs + 1),
           **out = ARENA_ARRAY(A, Tensor *, g->noutputs + 1);
    for (uint32_t i = 0; i < g->ninputs; i++) {
        in[i] = read_part(A, dir, set, "input", i, &err);
        if (!in[i] && err.code)
            return trouble(A, &err, text);
        if (!in[i]) {
            *text = arena_printf(A, "test_data_set_%d has no input_%u.pb", set, i);
            return CASE_FAILED;
        }
    }
    Graph *bound = graph_bind_to(g, in, &err);
    Module *m = bound ? graph_lower(bound, &err) : NULL;
    CaseVerdict verdict = CASE_PASSED;
    bool ok = m;
    if (ok) { /* the inputs that are left */
        Tensor **left = ARENA_ARRAY(A, Tensor *, bound->ninputs + 1);
        for (uint32_t i = 0; i < bound->ninputs; i++)
            for (uint32_t j = 0; j < g->ninputs; j++)
                if (g->input[j] == bound->input[i])
                    left[i] = in[j];
        ok = (how->run ? how->run : interpret)(how->env, m, left, out, &err);
    }
    if (!ok)
        verdict = trouble(A, &err, text);
    for (uint32_t i = 0; ok && i < g->noutputs; i++) {
        arena_own(A, out[i], release);
        Tensor *ref = read_part(A, dir, set, "output", i, &err);
        if (!ref && err.code)
            verdict = trouble(A, &err, text);
        else if (ref && (*text = difference(A, g->output[i].name, out[i], ref, how)))
            verdict = CASE_FAILED;
        ok = verdict == CASE_PASSED;
    }
    module_release(m);
    graph_release(bound);
    return verdict;
}

CaseVerdict onnx_run_case(Arena *A, const char *dir, const CaseOptions *how, const char **text)
{
    Err err = {0};
    Graph *g = onnx_import(arena_printf(A, "%s/model.onnx", dir), &err);
    if (!g)
        return trouble(A, &err, text);
    CaseVerdict verdict = CASE_PASSED;
    *text = unsupported(A, g);
    if (*text)
        verdict = CASE_UNSUPPORTED;
    int sets = 0;
    for (; verdict == CASE_PASSED; sets++) {
        if (access(arena_printf(A, "%s/test_data_set_%d", dir, sets), R_OK) != 0)
            break;
        verdict = run_set(A, g, dir, sets, how, text);
    }
    if (verdict == CASE_PASSED && !sets) {
        *text = "it has no test_data_set_0";
        verdict = CASE_FAILED;
    }
    graph_release(g);
    return verdict;
}
