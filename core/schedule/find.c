/* find.c -- names to nodes, and nodes to names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/schedule/prim.h"
#include "core/schedule/tree.h"

typedef struct Search {
    const char *block, *loop; /* block: NULL for loops of any nest */
    const Node *found;
    size_t hits;
} Search;

static bool holds_block(const Node *n, const char *name)
{
    if (n->op == OP_Block)
        return ir_same_name(ir_block_name(n), name);
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        if (holds_block(n->kid[i], name))
            return true;
    return false;
}

static void search_loops(Search *s, const Node *n)
{
    if (n->op == OP_For && ir_same_name(ir_var_name(n->kid[For_var]), s->loop) &&
        (!s->block || holds_block(n, s->block))) {
        s->found = n;
        s->hits++;
    }
    if (n->op != OP_Block)
        for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
            search_loops(s, n->kid[i]);
}

/* How many loops have the name; the one that it means alone, where it means one: the only one, or
** that above the block which is named as the Func. */
static size_t bare_name(const Node *func, const char *name, const Node **meant)
{
    Search all = {.loop = name}, main = {.loop = name, .block = func->at.name};
    search_loops(&all, func);
    *meant = all.hits == 1 ? all.found : NULL;
    if (all.hits > 1) {
        search_loops(&main, func);
        *meant = main.found;
    }
    return all.hits;
}

/* The block by which a path leads to the loop; NULL if none stands in it. */
static const char *way_to(const Node *func, const Node *loop)
{
    const Node *first = tree_first_block(loop);
    return holds_block(loop, func->at.name) ? func->at.name : first ? ir_block_name(first) : NULL;
}

static const char *join(Arena *A, const char *block, const Node *loop)
{
    const char *name = ir_var_name(loop->kid[For_var]);
    return block ? arena_printf(A, "%s/%s", block, name) : name;
}

const char *loop_path(Arena *A, const Node *func, const Node *loop)
{
    return join(A, way_to(func, loop), loop);
}

const char *loop_label(Arena *A, const Node *func, const Node *loop)
{
    const Node *meant;
    const char *name = ir_var_name(loop->kid[For_var]);
    return bare_name(func, name, &meant) > 1 ? loop_path(A, func, loop) : name;
}

const char *loop_handle_block(const Node *func, const Node *loop)
{
    const Node *meant;
    bare_name(func, ir_var_name(loop->kid[For_var]), &meant);
    bool others = holds_block(func, func->at.name) && !holds_block(loop, func->at.name);
    return meant == loop && !others ? NULL : way_to(func, loop);
}

const char *loop_handle(Arena *A, const Node *func, const Node *loop)
{
    return join(A, loop_handle_block(func, loop), loop);
}

/* How often the block runs, as far as extents say; 0 where the data do. */
static int64_t runs_of(const Node *func, const char *block)
{
    Path path;
    int64_t runs = path_to_block(func, block, &path) ? 1 : 0;
    for (size_t i = 0; i < path.n && runs; i++)
        if (path.at[i]->op == OP_For) {
            const Node *extent = path.at[i]->kid[For_extent];
            if (extent->op != OP_IntImm || __builtin_mul_overflow(runs, extent->at.i, &runs))
                runs = 0;
        }
    return runs;
}

const char *heavier_namesake(Arena *A, const Node *func, const char *name)
{
    const Node *meant;
    NameList blocks = {0};
    if (bare_name(func, name, &meant) < 2 || !meant)
        return NULL;
    const char *heaviest = NULL;
    int64_t most = runs_of(func, func->at.name);
    most = most > INT64_MAX / 8 ? INT64_MAX : 8 * most - 1;
    list_blocks(A, func, &blocks);
    for (size_t i = 0; i < blocks.n; i++) {
        const char *path = arena_printf(A, "%s/%s", blocks.at[i], name);
        int64_t runs = runs_of(func, blocks.at[i]);
        const Node *loop = runs > most ? find_loop(func, path, NULL) : NULL;
        if (loop && loop != meant) {
            most = runs;
            heaviest = path;
        }
    }
    return heaviest;
}

const char *own_namesakes(Arena *A, const Node *func, const char *path)
{
    const char *slash = strrchr(path, '/'), *list = NULL;
    const Node *meant = slash ? find_loop(func, path, NULL) : NULL;
    const char *owned = meant ? loop_path(A, func, meant) : path;
    Path p;
    if (strcmp(owned, path) == 0 ||
        !path_to_block(func, arena_printf(A, "%.*s", (int)(slash - path), path), &p))
        return NULL;
    const char *owner = arena_printf(A, "%.*s", (int)(strrchr(owned, '/') - owned), owned);
    for (size_t i = 0; i < p.n; i++) {
        const Node *var = p.at[i]->op == OP_For ? p.at[i]->kid[For_var] : NULL;
        if (!var || strcmp(ir_var_axes(var), ir_var_axes(meant->kid[For_var])) != 0 ||
            holds_block(p.at[i], owner))
            continue;
        const char *name = loop_label(A, func, p.at[i]);
        list = list ? arena_printf(A, "%s, %s", list, name) : name;
    }
    return list;
}

/* A loop in the order of the text, and whether others have its name. */
typedef struct Named {
    const Node *loop;
    bool shared;
} Named;

typedef VEC(Named) NamedLoops;

static void collect_loops(Arena *A, const Node *n, NamedLoops *out)
{
    if (n->op == OP_For)
        vec_push(A, out, ((Named){.loop = n}));
    if (n->op != OP_Block)
        for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
            collect_loops(A, n->kid[i], out);
}

static const char *name_of(const Named *loop)
{
    return ir_var_name(loop->loop->kid[For_var]);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(name_of(*(Named *const *)a), name_of(*(Named *const *)b));
}

static void mark_namesakes(Arena *A, NamedLoops *loops)
{
    Named **sorted = arena_alloc(A, loops->n * sizeof(Named *) + 1);
    for (size_t i = 0; i < loops->n; i++)
        sorted[i] = &loops->at[i];
    qsort(sorted, loops->n, sizeof *sorted, by_name);
    for (size_t i = 1; i < loops->n; i++)
        if (ir_same_name(name_of(sorted[i - 1]), name_of(sorted[i])))
            sorted[i - 1]->shared = sorted[i]->shared = true;
}

/* The label of each loop, by one look at all names: a text may have thousands of loops. */
void list_loops(Arena *A, const Node *func, NameList *out)
{
    NamedLoops loops = {0};
    collect_loops(A, func->kid[Func_body], &loops);
    mark_namesakes(A, &loops);
    for (size_t i = 0; i < loops.n; i++) {
        const Named *l = &loops.at[i];
        vec_push(A, out, l->shared ? loop_path(A, func, l->loop) : name_of(l));
    }
}

typedef struct Collect {
    Arena *A;
    NameList *out;
} Collect;

static bool collect_block(void *env, const Node *block)
{
    Collect *c = env;
    vec_push(c->A, c->out, ir_block_name(block));
    return true;
}

void list_blocks(Arena *A, const Node *func, NameList *out)
{
    Collect c = {A, out};
    tree_blocks(func, collect_block, &c);
}

static void collect_allocs(Arena *A, const Node *n, NameList *out)
{
    if (n->op == OP_Alloc)
        vec_push(A, out, ir_buf_name(n->kid[Alloc_buffer]));
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        collect_allocs(A, n->kid[i], out);
}

void list_buffers(Arena *A, const Node *func, NameList *out)
{
    for (int k = Func_params; k <= Func_results; k++)
        for (size_t i = 0; i < func->kid[k]->nkids; i++)
            vec_push(A, out, ir_buf_name(func->kid[k]->kid[i]));
    collect_allocs(A, func->kid[Func_body], out);
}

/* "there are: a, b, c" in at most 300 characters. */
static void join_names(char *out, size_t size, const NameList *names)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < names->n; i++) {
        size_t more = strlen(names->at[i]) + 2;
        if (len + more + 5 > size) {
            snprintf(out + len, size - len, ", …");
            return;
        }
        len += (size_t)snprintf(out + len, size - len, "%s%s", i ? ", " : "", names->at[i]);
    }
}

typedef void Lister(Arena *A, const Node *func, NameList *out);

static void join_all(char *out, size_t size, const Node *func, Lister *list)
{
    Arena *A = arena_scratch(NULL);
    NameList names = {0};
    list(A, func, &names);
    join_names(out, size, &names);
    arena_release(A);
}

const char *names_joined(Arena *A, const NameList *names)
{
    char all[280];
    join_names(all, sizeof all, names);
    return arena_strdup(A, all);
}

const char *loops_called(Arena *A, const Node *func, const char *name)
{
    char all[280];
    NameList names = {0}, same = {0};
    const char *wanted = strrchr(name, '/');
    list_loops(A, func, &names);
    for (size_t i = 0; i < names.n; i++) {
        const char *slash = strrchr(names.at[i], '/');
        if (slash && strcmp(slash + 1, wanted ? wanted + 1 : name) == 0)
            vec_push(A, &same, names.at[i]);
    }
    join_names(all, sizeof all, &same);
    return arena_strdup(A, all);
}

const char *loops_above(Arena *A, const Node *func, const char *block)
{
    char all[280];
    const Node *loops[IR_MAX_DEPTH];
    NameList names = {0};
    Path p;
    size_t n = path_to_block(func, block, &p) ? path_loops(&p, p.n, loops) : 0;
    for (size_t i = 0; i < n; i++)
        vec_push(A, &names, ir_var_name(loops[i]->kid[For_var]));
    join_names(all, sizeof all, &names);
    return arena_strdup(A, all);
}

/* A name alone is not the main block's, where there is one: says so, and which loops it means. */
static const Node *ambiguous(const Node *func, const char *name, size_t hits, Err *err)
{
    Arena *A = arena_scratch(NULL);
    const char *all = loops_called(A, func, name), *main = func->at.name;
    Path p;
    FAIL(err, loop_ambiguous, NULL, name, hits, all);
    if (!*all)
        err_fix(err, "each stands above no block, so a path tells none of them: give them names of "
                     "their own in the text");
    else if (!strchr(name, '/') && path_to_block(func, main, &p))
        err_fix(err, "a name alone is a loop of the main block, %s, which has no %s: write %s",
                main, name, all);
    arena_release(A);
    return NULL;
}

/* "C/xo" where C has no xo: whose it is, if another block's, and which loops C has. */
static bool tell_whose(const Node *func, const char *path, Err *err)
{
    Arena *A = arena_scratch(NULL);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *block = slash ? arena_printf(A, "%.*s", (int)(slash - path), path) : "";
    const char *own = loops_above(A, func, block);
    const Node *meant;
    bool elsewhere = *own && bare_name(func, name, &meant) > 0;
    if (elsewhere)
        err_fix(err, "%s is %s; %s's loops are %s", name,
                meant ? loop_path(A, func, meant) : loops_called(A, func, name), block, own);
    arena_release(A);
    return elsewhere;
}

/* A block's name, where one of its loops is wanted. */
static bool tell_block(const Node *func, const char *name, Err *err)
{
    Path p;
    Arena *A = arena_scratch(NULL);
    const char *loops = path_to_block(func, name, &p) ? loops_above(A, func, name) : "";
    bool is_block = *loops;
    if (is_block)
        err_fix(err, "%s is a block; its loops are %s, as in \"%s/%.*s\"", name, loops, name,
                (int)strcspn(loops, ","), loops);
    arena_release(A);
    return is_block;
}

/* Tells of the loop, block or buffer that was meant, if any is near, besides what there is. */
static void tell_nearest(const Node *func, const char *kind, const char *name, const char *all,
                         Err *err)
{
    Arena *A = arena_scratch(NULL);
    const char *meant = name_meant(A, func, err->code, name);
    if (meant)
        err_fix(err, "did you mean \"%s\"?  %ss here: %s", meant, kind, all);
    arena_release(A);
}

const Node *find_loop(const Node *func, const char *name, Err *err)
{
    char all[280], block[128];
    const char *slash = strrchr(name, '/');
    Search s = {.loop = name};
    if (slash && (size_t)(slash - name) < sizeof block) {
        snprintf(block, sizeof block, "%.*s", (int)(slash - name), name);
        s.loop = slash + 1;
        s.block = block;
        search_loops(&s, func);
        s.found = s.hits == 1 ? s.found : NULL;
    } else {
        s.hits = bare_name(func, name, &s.found);
    }
    if (s.found)
        return s.found;
    if (!err)
        return NULL;
    if (s.hits > 0)
        return ambiguous(func, name, s.hits, err);
    join_all(all, sizeof all, func, list_loops);
    FAIL(err, no_loop, NULL, name, all[0] ? all : "none");
    if (!tell_whose(func, name, err) && !tell_block(func, name, err))
        tell_nearest(func, "loop", name, all, err);
    return NULL;
}

typedef struct Writers {
    Arena *A;
    const Node *buffer;
    NameList names;
} Writers;

static bool collect_writer(void *env, const Node *block)
{
    Writers *w = env;
    if (tree_writes(block, w->buffer))
        vec_push(w->A, &w->names, ir_block_name(block));
    return true;
}

/* A buffer's name, where a block is wanted: more often than not one that writes it. */
static bool tell_buffer(const Node *func, const char *name, const char *all, Err *err)
{
    char who[200];
    Arena *A = arena_scratch(NULL);
    Writers w = {.A = A, .buffer = find_buffer(func, name, NULL)};
    if (w.buffer) {
        tree_blocks(func, collect_writer, &w);
        join_names(who, sizeof who, &w.names);
        err_fix(err, "%s is a buffer%s; blocks here: %s", name,
                w.names.n == 1  ? arena_printf(A, ", which block %s writes", who)
                : w.names.n > 1 ? arena_printf(A, ", which blocks %s write", who)
                                : "",
                all);
    }
    arena_release(A);
    return w.buffer;
}

const Node *find_block(const Node *func, const char *name, Err *err)
{
    Path p;
    if (path_to_block(func, name, &p))
        return path_end(&p);
    if (!err)
        return NULL;
    char all[280];
    join_all(all, sizeof all, func, list_blocks);
    FAIL(err, no_block, NULL, name, all[0] ? all : "none");
    if (!tell_buffer(func, name, all[0] ? all : "none", err))
        tell_nearest(func, "block", name, all, err);
    return NULL;
}

static const Node *buffer_below(const Node *n, const char *name)
{
    if (n->op == OP_Alloc && strcmp(ir_buf_name(n->kid[Alloc_buffer]), name) == 0)
        return n->kid[Alloc_buffer];
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++) {
        const Node *b = buffer_below(n->kid[i], name);
        if (b)
            return b;
    }
    return NULL;
}

const Node *find_buffer(const Node *func, const char *name, Err *err)
{
    for (int k = Func_params; k <= Func_results; k++)
        for (size_t i = 0; i < func->kid[k]->nkids; i++)
            if (strcmp(ir_buf_name(func->kid[k]->kid[i]), name) == 0)
                return func->kid[k]->kid[i];
    const Node *b = buffer_below(func->kid[Func_body], name);
    if (b || !err)
        return b;
    char all[280];
    join_all(all, sizeof all, func, list_buffers);
    FAIL(err, no_buffer, NULL, name, all[0] ? all : "none");
    tell_nearest(func, "buffer", name, all, err);
    return NULL;
}
