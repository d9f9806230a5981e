/* onnx_test.c -- tvmrepl onnx-test DIR…: a verdict for each case, and the counts. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/import/onnx/cases.h"
#include "lua_api/lua_fn.h"
#include "lua_api/model_run.h"
#include "repl/start.h"

typedef struct Counts {
    int n[3];
    bool quiet;
    const CaseOptions *how;
} Counts;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void run_case(Counts *c, const char *dir)
{
    static const char *const word[] = {"passed", "FAILED", "unsupported"};
    Arena *A = arena_new(NULL);
    const char *text = NULL;
    CaseVerdict v = onnx_run_case(A, dir, c->how, &text);
    c->n[v]++;
    if (v != CASE_PASSED || !c->quiet)
        printf("%-11s %s%s%s\n", word[v], base_name(dir), text ? ": " : "", text ? text : "");
    fflush(stdout);
    arena_release(A);
}

/* A case, or a folder of cases; false if it is neither. */
static bool run_folder(Counts *c, const char *dir)
{
    if (onnx_is_case(dir)) {
        run_case(c, dir);
        return true;
    }
    DIR *d = opendir(dir);
    if (!d)
        return false;
    Arena *A = arena_new(NULL);
    VEC(const char *) names = {0};
    for (struct dirent *e; (e = readdir(d));) {
        const char *path = arena_printf(A, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.' && onnx_is_case(path))
            vec_push(A, &names, path);
    }
    closedir(d);
    if (names.n)
        qsort(names.at, names.n, sizeof *names.at, text_order);
    for (size_t i = 0; i < names.n; i++)
        run_case(c, names.at[i]);
    arena_release(A);
    return names.n > 0;
}

int onnx_test_main(int argc, char **argv)
{
    CaseOptions how = case_options_operator;
    Counts c = {.how = &how};
    bool compiled = false;
    int first = 1;
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (!strcmp(argv[first], "--models"))
            how = case_options_model;
        else if (!strcmp(argv[first], "--jit"))
            compiled = true;
        else if (!strcmp(argv[first], "--quiet"))
            c.quiet = true;
        else
            break;
    }
    if (first >= argc || argv[first][0] == '-') {
        fprintf(stderr, "usage: tvmrepl onnx-test [--models] [--jit] [--quiet] DIR…\n");
        return EXIT_usage;
    }
    lua_State *L = NULL;
    if (compiled) {
        L = start_plain_session();
        if (!L)
            return EXIT_failed;
        how.run = model_run;
        how.env = L;
    }
    for (int i = first; i < argc; i++)
        if (!run_folder(&c, argv[i])) {
            fprintf(
                stderr,
                "onnx-test: %s is no case, and holds none: a case is a folder with model.onnx\n",
                argv[i]);
            return EXIT_usage;
        }
    if (L)
        lua_close(L);
    printf("%d passed, %d failed, %d skipped\n", c.n[CASE_PASSED], c.n[CASE_FAILED],
           c.n[CASE_UNSUPPORTED]);
    return c.n[CASE_FAILED] ? EXIT_failed : EXIT_ok;
}
