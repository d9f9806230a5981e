/* build_files.h -- what unit tests find beside themselves in the build folder: the program, for a
** worker and a runner of its own, and the module that compiles, opened in this process.
*/
#ifndef TESTS_BUILD_FILES_H
#define TESTS_BUILD_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/emit.h"
#include "backends/exec.h"

/* The path of a file, given from the folder of the tests: "../tvmrepl".  Valid until
** the next call. */
static inline const char *build_file(const char *name)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path / 2);
    assert_true(n > 0);
    path[n] = 0;
    char *last = strrchr(path, '/') + 1;
    snprintf(last, sizeof path - (size_t)(last - path), "%s", name);
    return path;
}

/* For cmocka's group: worker and runner are those of this build, and end with the group. */
static inline int open_processes(void **state)
{
    (void)state;
    static char program[4096];
    snprintf(program, sizeof program, "%s", build_file("../tvmrepl"));
    exec_use_program(program);
    return 0;
}

static inline int close_processes(void **state)
{
    (void)state;
    exec_shutdown();
    return 0;
}

/* The module that compiles, with this host. */
static inline const Emit *open_emit(const EmitHost *host)
{
    Err err = {0};
    EmitOpenFn *open = NULL;
    void *module = dlopen(build_file("../" EMIT_LLVM ".so"), RTLD_NOW);
    if (!module)
        fail_msg("%s", dlerror());
    *(void **)&open = dlsym(module, EMIT_SYMBOL);
    assert_non_null(open);
    const Emit *emit = open(host, &err);
    if (!emit)
        fail_msg("%s", err.why);
    return emit;
}

#endif
