/* graph.c -- graphs: building, types, text, passes, lowering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/graph/module.h"
#include "core/graph/ops.h"
#include "core/graph/strmap.h"
#include "core/graph/text.h"
#include "core/import/onnx/onnx.h"
#include "passes/graph/driver.h"

static Graph *parse(const char *text)
{
    Err err = {0};
    Graph *g = graph_parse(text, NULL, NULL, &err);
    if (!g)
        fail_msg("%s", err.why);
    return g;
}

static ErrCode parse_error(const char *text, Err *err)
{
    *err = (Err){0};
    assert_null(graph_parse(text, NULL, NULL, err));
    return err->code;
}

static Graph *pass(Graph *g, const char *name, bool *unchanged)
{
    Err err = {0};
    PassRun run;
    Graph *out = graph_pass(g, name, &run, &err);
    if (!out)
        fail_msg("%s: %s", name, err.why);
    if (unchanged)
        *unchanged = run.unchanged;
    return out;
}

static Tensor *random_tensor(int rank, const int64_t *shape, uint64_t seed)
{
    Err err = {0};
    Tensor *t = tensor_new(DT_float32, rank, shape, &err);
    assert_non_null(t);
    tensor_random(t, seed, -1, 1);
    return t;
}

/* The first output of a graph with one input. */
static Tensor *run1(Graph *g, Tensor *x)
{
    Err err = {0};
    Module *m = graph_lower(g, &err);
    Tensor *y = NULL;
    if (!m || !graph_interpret(m, &x, &y, &err))
        fail_msg("%s", err.why);
    module_release(m);
    return y;
}

static void same_numbers(Graph *a, Graph *b, int rank, const int64_t *shape)
{
    Err err = {0};
    TensorDiff d;
    Tensor *x = random_tensor(rank, shape, 7), *y = run1(a, x), *z = run1(b, x);
    assert_true(tensor_check(z, y, 1e-5, 1e-6, &d, &err));
    assert_int_equal(d.count, 0);
    tensor_release(x);
    tensor_release(y);
    tensor_release(z);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void names_map_to_numbers(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    StrMap m = strmap_new(A);
    for (uint32_t i = 0; i < 1000; i++) {
        const char *name = arena_printf(A, "n%u", i);
        strmap_put(&m, name, strlen(name), i);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        const char *name = arena_printf(A, "n%u", i);
        assert_int_equal(strmap_get(&m, name, strlen(name), 9999), i);
    }
    assert_int_equal(strmap_get(&m, "none", 4, 9999), 9999);
    arena_release(A);
}

static void text_parses_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "graph f(x: float32[1, 3, 8, 8]) -> (y: float32[1, 3, 4, 4]):\n"
        "  max_pool1: float32[1, 3, 4, 4] = max_pool(x, kernel_shape=[2, 2], strides=[2, 2])\n"
        "  return y = max_pool1\n",
        "graph g(x: float32[n, 4]) -> (y: float32[n, 2], z: float32[n, 2]):\n"
        "  split1.0: float32[n, 2], split1.1: float32[n, 2] = split(x, axis=1)\n"
        "  return y = split1.0, z = split1.1\n",
        "graph h(x: float32[2]) -> (y: float32[2]):\n"
        "  group clip1:\n"
        "    clip1: float32[2] = clip(x, none, float32[] 0.5)\n"
        "    leaky_relu1: float32[2] = leaky_relu(clip1, alpha=0.1)\n"
        "  group cast1:\n"
        "    cast1: float32[2] = cast(leaky_relu1, to=float32)\n"
        "  return y = cast1\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        Arena *A = arena_new(NULL);
        Graph *g = parse(texts[i]);
        assert_string_equal(graph_text(A, g), texts[i]);
        Err err = {0};
        assert_true(graph_verify(g, true, &err));
        graph_release(g);
        arena_release(A);
    }
}

static void what_is_said_of_each_axis_may_be_left_out(void **state)
{
    (void)state;
    static const char conv[] = "graph f(x: float32[1, 1, 8, 8], w: float32[1, 1, 3, 3]) -> (y):\n"
                               "  conv1 = conv(x, w%s)\n"
                               "  return y = conv1\n";
    Arena *A = arena_new(NULL);
    Err err;
    Graph *g = parse(arena_printf(A, conv, "")),
          *same = parse(arena_printf(A, conv, ", pads=[0, 0, 0, 0], strides=[1, 1]")),
          *other = parse(arena_printf(A, conv, ", dilations=[1, 2]"));
    assert_string_equal(graph_text(A, same), graph_text(A, g));
    assert_true(graph_equal(same, g));
    assert_non_null(strstr(graph_text(A, other), "conv(x, w, dilations=[1, 2])"));
    parse_error(arena_printf(A, conv, ", strides=[1, 1, 1]"), &err);
    assert_non_null(strstr(err.why, "strides has 3 entries, not 2"));
    graph_release(g);
    graph_release(same);
    graph_release(other);
    arena_release(A);
}

static void text_mistakes_are_told(void **state)
{
    (void)state;
    Err err;
    assert_int_equal(parse_error("", &err), ERR_text_syntax);
    assert_int_equal(
        parse_error("graph f(x: float32[2]) -> (y):\n  relu1 = nosuch(x)\n  return y = relu1",
                    &err),
        ERR_text_syntax);
    assert_non_null(strstr(err.why, "no operator is called 'nosuch'"));
    assert_int_equal(
        parse_error(
            "graph f(x: float32[2]) -> (y):\n  relu1: float32[3] = relu(x)\n  return y = relu1",
            &err),
        ERR_text_syntax);
    assert_non_null(strstr(err.why, "relu1 is float32[2]"));
    assert_int_equal(
        parse_error("graph f(x: float32[2]) -> (y):\n  relu1 = relu(z)\n  return y = relu1", &err),
        ERR_text_syntax);
    assert_int_equal(parse_error("graph f(x: float32[2]) -> (y):\n  relu1 = relu(x)", &err),
                     ERR_text_syntax);
    assert_int_equal(
        parse_error(
            "graph f(x: float32[2]) -> (y):\n  add1 = add(x, w: float32[2] data<00000000000000000000000000000001>)\n  return y = add1",
            &err),
        ERR_graph_no_data);
}

static ErrCode node_error(const char *op, const char *inputs, const GArg *arg, size_t nargs,
                          Err *err)
{
    GraphBuilder *b = gb_new(NULL, "f");
    ValueId in[4], out[1];
    size_t nin = 0;
    for (const char *s = inputs; *s; s++) {
        int64_t dim[4] = {2, 3, 4, 5};
        DType t = *s == 'f' ? DT_float32 : *s == 'd' ? DT_float64 : *s == 'i' ? DT_int32 : DT_bool;
        in[nin++] = gb_input(b, "x", NULL, gb_type(b, t, 4, dim));
    }
    *err = (Err){0};
    GNodeSpec spec = {
        .op = graph_op_find(op), .in = in, .nin = nin, .arg = arg, .nargs = nargs, .nout = 1};
    assert_false(gb_node(b, &spec, out, err));
    gb_drop(b);
    return err->code;
}

static void wrong_nodes_are_refused(void **state)
{
    (void)state;
    Err err;
    GArg odd = {"stride", {.kind = GA_INT, .at.i = 2}},
         wrong = {"group", {.kind = GA_STR, .at.s = "two"}};
    GArg groups = {"group", {.kind = GA_INT, .at.i = 7}};
    assert_int_equal(node_error("relu", "", NULL, 0, &err), ERR_graph_arity);
    assert_int_equal(node_error("add", "fff", NULL, 0, &err), ERR_graph_arity);
    assert_int_equal(node_error("exp", "i", NULL, 0, &err), ERR_graph_input_type);
    assert_int_equal(node_error("add", "fd", NULL, 0, &err), ERR_graph_input_mix);
    assert_int_equal(node_error("conv", "ff", &odd, 1, &err), ERR_graph_attr_unknown);
    assert_int_equal(node_error("conv", "ff", &wrong, 1, &err), ERR_graph_attr_kind);
    assert_int_equal(node_error("conv", "ff", &groups, 1, &err), ERR_graph_types);
    assert_int_equal(node_error("max_pool", "f", NULL, 0, &err), ERR_graph_attr_missing);
    assert_non_null(strstr(err.why, "kernel_shape"));
}

static void cycles_and_names_are_checked(void **state)
{
    (void)state;
    Err err = {0};
    GraphBuilder *b = gb_new(NULL, "f");
    int64_t dim = 2;
    ValueId x = gb_input(b, "x", NULL, gb_type(b, DT_float32, 1, &dim)), a, c;
    GNodeSpec relu = {.op = graph_op_find("relu"), .in = &x, .nin = 1, .nout = 1};
    assert_true(gb_node(b, &relu, &a, &err));
    relu.in = &a;
    assert_true(gb_node(b, &relu, &c, &err));
    gb_redirect(b, x, c);
    gb_output(b, "y", c);
    assert_null(gb_finish(b, &err));
    assert_int_equal(err.code, ERR_graph_cycle);
    assert_int_equal(arena_count(), 0);
}

static void shapes_follow_through_integers(void **state)
{
    (void)state;
    Graph *g = parse("graph f(x: float32[6, 4, 2]) -> (y):\n"
                     "  shape1 = shape(x)\n"
                     "  gather1 = gather(shape1, int64[] 0)\n"
                     "  unsqueeze1 = unsqueeze(gather1, [0])\n"
                     "  concat1 = concat(unsqueeze1, [8], axis=0)\n"
                     "  reshape1 = reshape(x, concat1)\n"
                     "  return y = reshape1\n");
    GType t = graph_value(g, g->output[0].value)->type;
    assert_int_equal(t.rank, 2);
    assert_int_equal(t.dim[0], 6);
    assert_int_equal(t.dim[1], 8);
    Graph *folded = pass(g, "fold_constants", NULL);
    assert_int_equal(folded->nnodes, 1);
    same_numbers(g, folded, 3, (int64_t[]){6, 4, 2});
    graph_release(folded);
    graph_release(g);
}

/* Three products of constants, of which the interpreter can afford one. */
static void folding_is_bounded(void **state)
{
    (void)state;
    Err err = {0};
    GraphBuilder *b = gb_new(NULL, "f");
    ValueId sum = gb_input(b, "x", NULL,
                           (GType){.dtype = DT_float32, .rank = 2, .dim = (int64_t[]){300, 300}});
    for (uint64_t i = 0; i < 3; i++) {
        Tensor *t = random_tensor(2, (int64_t[]){300, 300}, i);
        ValueId c = gb_const(b, NULL, NULL, t), product;
        tensor_release(t);
        GNodeSpec mul = {.op = &graph_op[GOP_matmul], .in = (ValueId[]){c, c}, .nin = 2, .nout = 1};
        assert_true(gb_node(b, &mul, &product, &err));
        GNodeSpec add = {
            .op = &graph_op[GOP_add], .in = (ValueId[]){sum, product}, .nin = 2, .nout = 1};
        assert_true(gb_node(b, &add, &sum, &err));
    }
    gb_output(b, "y", sum);
    Graph *g = gb_finish(b, &err);
    assert_non_null(g);
    PassRun run;
    Graph *folded = graph_pass(g, "fold_constants", &run, &err);
    assert_non_null(folded);
    assert_int_equal(folded->nnodes, g->nnodes - 1);
    assert_string_equal(run.note, "matmul2 stays for its kernel: 54.0 MFLOP, and the interpreter "
                                  "gets 67.1 in all; so does 1 more");
    graph_release(folded);
    graph_release(g);
}

static void sizes_are_bound(void **state)
{
    (void)state;
    Err err = {0};
    Graph *g = parse(
        "graph f(x: float32[n, 3]) -> (y):\n  flatten1 = flatten(x)\n  return y = flatten1\n");
    assert_null(graph_lower(g, &err));
    assert_int_equal(err.code, ERR_graph_not_static);
    assert_string_equal(err.fix, "g:bind{n = 1}:lower()");
    const char *name = "n";
    int64_t size = 5;
    Graph *bound = graph_bind(g, &(GBinding){.nsizes = 1, .symbol = &name, .size = &size}, &err);
    assert_non_null(bound);
    assert_int_equal(graph_value(bound, bound->output[0].value)->type.dim[0], 5);
    name = "m";
    assert_null(graph_bind(g, &(GBinding){.nsizes = 1, .symbol = &name, .size = &size}, &err));
    assert_int_equal(err.code, ERR_graph_no_symbol);
    name = "n";
    size = -1;
    assert_null(graph_bind(g, &(GBinding){.nsizes = 1, .symbol = &name, .size = &size}, &err));
    assert_int_equal(err.code, ERR_graph_bad_size);
    graph_release(bound);
    graph_release(g);
}

/* A convolution and a batch normalization with random parameters. */
static Graph *conv_bn(bool read_twice)
{
    Err err = {0};
    GraphBuilder *b = gb_new(NULL, "net");
    int64_t dim[] = {1, 3, 6, 6};
    ValueId in[5], y, z;
    in[0] = gb_input(b, "x", NULL, gb_type(b, DT_float32, 4, dim));
    Tensor *w = random_tensor(4, (int64_t[]){4, 3, 3, 3}, 1);
    in[1] = gb_const(b, NULL, NULL, w);
    tensor_release(w);
    GNodeSpec conv = {.op = &graph_op[GOP_conv], .in = in, .nin = 2, .nout = 1};
    assert_true(gb_node(b, &conv, &y, &err));
    in[0] = y;
    for (int i = 1; i < 5; i++) {
        Tensor *p = random_tensor(1, (int64_t[]){4}, (uint64_t)i + 10);
        for (int k = 0; i == 4 && k < 4; k++)
            ((float *)tensor_fill(p))[k] += 1.5f; /* a variance */
        in[i] = gb_const(b, NULL, NULL, p);
        tensor_release(p);
    }
    GNodeSpec bn = {.op = &graph_op[GOP_batch_normalization], .in = in, .nin = 5, .nout = 1};
    assert_true(gb_node(b, &bn, &z, &err));
    if (read_twice) {
        GNodeSpec add = {.op = &graph_op[GOP_add], .in = (ValueId[]){y, z}, .nin = 2, .nout = 1};
        assert_true(gb_node(b, &add, &z, &err));
    }
    gb_output(b, "y", z);
    return gb_finish(b, &err);
}

static void shapes_not_said_are_the_tensors(void **state)
{
    (void)state;
    Err err = {0};
    Graph *g =
        parse("graph f(x: float32[*], y: float32[?, 3]) -> ():\n  a = add(x, y)\n  return a\n");
    Tensor *in[2] = {random_tensor(1, (int64_t[]){3}, 1), random_tensor(2, (int64_t[]){2, 3}, 2)},
           *out = NULL;
    Graph *bound = graph_bind_to(g, in, &err);
    assert_non_null(bound);
    Module *m = graph_lower(bound, &err);
    assert_non_null(m);
    assert_true(graph_interpret(m, in, &out, &err));
    assert_int_equal(out->shape[0], 2);
    assert_true(tensor_at(out, 4).f ==
                (double)(float)(tensor_at(in[0], 1).f + tensor_at(in[1], 4).f));
    tensor_release(out);
    tensor_release(in[0]);
    tensor_release(in[1]);
    module_release(m);
    graph_release(bound);
    graph_release(g);
}

static void batch_norm_goes_into_weights(void **state)
{
    (void)state;
    Graph *g = conv_bn(false), *folded = pass(g, "fold_batch_norm", NULL);
    assert_int_equal(folded->nnodes, 1);
    same_numbers(g, folded, 4, (int64_t[]){1, 3, 6, 6});
    bool unchanged;
    Graph *again = pass(folded, "fold_batch_norm", &unchanged);
    assert_true(unchanged && again == folded);
    graph_release(again);
    graph_release(folded);
    graph_release(g);
    g = conv_bn(true); /* the convolution is read twice: its weights must stay */
    Err err = {0};
    PassRun run;
    folded = graph_pass(g, "fold_batch_norm", &run, &err);
    assert_non_null(folded);
    assert_int_equal(folded->nnodes, 4); /* more than before, and it is said why */
    assert_string_equal(run.note, "into convolutions: 0, into a mul and an add each: 1");
    same_numbers(g, folded, 4, (int64_t[]){1, 3, 6, 6});
    graph_release(folded);
    graph_release(g);
}

static const char *const diamond =
    "graph f(x: float32[1, 2, 4, 4]) -> (y):\n"
    "  conv1 = conv(x, w: float32[2, 2, 1, 1] data<00000000000000000000000000000000>)\n"
    "  relu1 = relu(conv1)\n"
    "  tanh1 = neg(relu1)\n"
    "  add1 = add(relu1, tanh1)\n"
    "  max_pool1 = max_pool(add1, kernel_shape=[2, 2])\n"
    "  return y = max_pool1\n";

static Tensor *any_weights(void *env, Fingerprint hash)
{
    (void)hash;
    return env;
}

static void fusion_keeps_the_meaning_and_says_why(void **state)
{
    (void)state;
    Err err = {0};
    Tensor *w = random_tensor(4, (int64_t[]){2, 2, 1, 1}, 3);
    Graph *g = graph_parse(diamond, any_weights, w, &err);
    assert_non_null(g);
    tensor_release(w);
    Graph *fused = pass(g, "fuse", NULL);
    assert_int_equal(fused->ngroups, 2);
    assert_string_equal(fused->group[0].name, "conv1");
    assert_int_equal(fused->group[0].n, 4);
    Arena *A = arena_new(NULL);
    assert_string_equal(graph_why(A, fused, "add1", "max_pool1"),
                        "add1 -> max_pool1: not fused: max_pool1 takes a tail, not a head\n");
    assert_non_null(strstr(graph_why(A, fused, "conv1", NULL), "fused"));
    assert_null(graph_why(A, fused, "conv1", "max_pool1"));
    for (uint32_t i = 0; i < fused->nedges; i++)
        assert_true(fused->edge[i].why[0]);
    same_numbers(g, fused, 4, (int64_t[]){1, 2, 4, 4});
    Graph *back = graph_parse(graph_text(A, fused), graph_find_data, fused, &err);
    assert_true(back && graph_equal(back, fused) && !graph_equal(back, g));
    graph_release(back);
    arena_release(A);
    graph_release(fused);
    graph_release(g);
}

static void dead_code_goes(void **state)
{
    (void)state;
    Graph *g = parse(
        "graph f(x: float32[3]) -> (y):\n  relu1 = relu(x)\n  neg1 = neg(x)\n  identity1 = identity(relu1)\n  return y = identity1\n");
    Graph *live = pass(g, "dead_code", NULL), *plain = pass(live, "simplify", NULL);
    assert_int_equal(live->nnodes, 2);
    assert_int_equal(plain->nnodes, 1);
    Arena *A = arena_new(NULL);
    assert_string_equal(graph_diff(A, g, live),
                        "- neg1: float32[3] = neg(x)\n  2 nodes unchanged\n");
    assert_string_equal(graph_diff(A, g, g), "(unchanged)\n");
    /* What did not change is the same pointer. */
    assert_ptr_equal(g->node[0], live->node[0]);
    arena_release(A);
    graph_release(plain);
    graph_release(live);
    graph_release(g);
}

static void other_kernels_are_refused(void **state)
{
    (void)state;
    Err err = {0};
    Graph *g = parse(
        "graph f(x: float32[3]) -> (y):\n  relu1 = relu(x)\n  reduce_sum1 = reduce_sum(relu1)\n  return y = reduce_sum1\n");
    Module *m = graph_lower(g, &err);
    assert_non_null(m);
    assert_int_equal(module_find(m, "reduce_sum1"), 1);
    assert_null(module_with(m, 0, m->kernel[1].func, "as written", NULL, &err));
    assert_int_equal(err.code, ERR_module_other_kernel);
    Module *same = module_with(m, 0, m->kernel[0].func, "as written", NULL, &err);
    assert_non_null(same);
    module_release(same);
    module_release(m);
    graph_release(g);
}

/* What a mistaken pass might make is found, whatever it is. */
static void broken_graphs_are_found(void **state)
{
    (void)state;
    Graph *g = parse(
        "graph f(x: float32[3]) -> (y):\n  relu1 = relu(x)\n  neg1 = neg(relu1)\n  return y = neg1\n");
    const GNode *backwards[] = {g->node[1], g->node[0]}, *twins[] = {g->node[0], g->node[0]};
    GValue named = *g->value[g->node[1]->out[0]];
    named.name = g->value[g->node[0]->out[0]]->name;
    const GValue *values[] = {g->value[0], g->value[1], g->value[2]};
    values[g->node[1]->out[0]] = &named;
    const GOutput nowhere[] = {{"y", 77}};
    const GGroup apart[] = {{"relu1", 1, 1}}, part[] = {{"relu1", 0, 1}};
    Graph bad[7];
    for (int i = 0; i < 7; i++)
        bad[i] = *g;
    bad[0].node = backwards;
    bad[1].node = twins;
    bad[2].value = values;
    bad[3].output = nowhere;
    bad[4].group = apart;
    bad[5].group = part;
    bad[4].ngroups = bad[5].ngroups = 1;
    bad[6].ninputs = 0;
    static const char *const says[] = {"neg1 reads a value before",
                                       "two nodes are named relu1",
                                       "two values are named",
                                       "nothing computes the output y",
                                       "does not follow",
                                       "do not cover",
                                       "relu1 reads"};
    for (int i = 0; i < 7; i++) {
        Err err = {0};
        assert_false(graph_verify(&bad[i], true, &err));
        assert_int_equal(err.code, ERR_graph_broken);
        if (!strstr(err.why, says[i]))
            fail_msg("%d: %s", i, err.why);
    }
    graph_release(g);
}

static void inputs_of_another_type_are_refused(void **state)
{
    (void)state;
    Err err = {0};
    Graph *g = parse("graph f(x: float32[n, 3]) -> (y):\n  relu1 = relu(x)\n  return y = relu1\n");
    Tensor *wide = random_tensor(2, (int64_t[]){2, 4}, 1),
           *right = random_tensor(2, (int64_t[]){2, 3}, 1);
    assert_null(graph_bind_to(g, &wide, &err));
    assert_int_equal(err.code, ERR_graph_other_input);
    Graph *bound = graph_bind_to(g, &right, &err);
    assert_non_null(bound);
    graph_release(bound);
    tensor_release(wide);
    tensor_release(right);
    graph_release(g);
}

/* A tensor of ONNX's strings: its dimension 1, its type 8. */
static void strings_are_no_elements(void **state)
{
    (void)state;
    Err err = {0};
    static const uint8_t bytes[] = {0x08, 1, 0x10, 8, 0x32, 1, 'a'};
    assert_null(onnx_tensor_bytes(bytes, sizeof bytes, &err));
    assert_int_equal(err.code, ERR_onnx_element_type);
    assert_non_null(strstr(err.why, "string"));
}

static void nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(arena_count(), 0);
    assert_int_equal(tensor_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_map_to_numbers),
        cmocka_unit_test(text_parses_back),
        cmocka_unit_test(what_is_said_of_each_axis_may_be_left_out),
        cmocka_unit_test(text_mistakes_are_told),
        cmocka_unit_test(wrong_nodes_are_refused),
        cmocka_unit_test(cycles_and_names_are_checked),
        cmocka_unit_test(shapes_follow_through_integers),
        cmocka_unit_test(folding_is_bounded),
        cmocka_unit_test(sizes_are_bound),
        cmocka_unit_test(shapes_not_said_are_the_tensors),
        cmocka_unit_test(batch_norm_goes_into_weights),
        cmocka_unit_test(fusion_keeps_the_meaning_and_says_why),
        cmocka_unit_test(dead_code_goes),
        cmocka_unit_test(other_kernels_are_refused),
        cmocka_unit_test(broken_graphs_are_found),
        cmocka_unit_test(inputs_of_another_type_are_refused),
        cmocka_unit_test(strings_are_no_elements),
        cmocka_unit_test(nothing_is_left),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
