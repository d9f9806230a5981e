/* main.c -- the differential tester.
**
**      diff [--seed S] [--trials N] [--seconds T] [--jit 0..1] [--only K] [--bytes HEX] [--mutant NAME] [--mutants] [--ptxas] [--written]
**
** Seconds are processor time, of the compiler and the runner too.  --jit is the share of trials
** whose program is compiled, all unless it is given.  --only K runs trial K of the seed, --bytes a
** trial from its bytes.  --mutant plants one mistake of core/base/mutants.def, by its name or
** number; --mutants each in turn, which must be found within --seconds.  --ptxas has what becomes
** PTX assembled.  --written has all programs written as text, which else some are, and half of them
** where a mistake is planted.
**
** The same program serves as compiler and runner: what is planted is planted there, too.
*/
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "backends/exec.h"
#include "backends/worker/worker.h"
#include "core/base/mutant.h"
#include "tests/diff/hunt.h"
#include "tests/ptxas.h"

/* ---- time ---- */

static double clock_seconds(clockid_t id)
{
    struct timespec t;
    return clock_gettime(id, &t) == 0 ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec : 0;
}

static double process_seconds(int pid)
{
    clockid_t id;
    return pid > 0 && clock_getcpuclockid(pid, &id) == 0 ? clock_seconds(id) : 0;
}

double all_seconds(void)
{
    struct rusage ended;
    getrusage(RUSAGE_CHILDREN, &ended);
    return clock_seconds(CLOCK_PROCESS_CPUTIME_ID) + process_seconds(exec_worker_pid()) +
           process_seconds(exec_runner_pid()) +
           (double)(ended.ru_utime.tv_sec + ended.ru_stime.tv_sec) +
           1e-6 * (double)(ended.ru_utime.tv_usec + ended.ru_stime.tv_usec);
}

/* ---- trials ---- */

/* Whether trial k is compiled; spread evenly, and independent of what it holds. */
static bool jitted(const Options *o, long k)
{
    return floor((double)(k + 1) * o->jit) > floor((double)k * o->jit);
}

static void report(const Options *o, const Choices *c, Trial *t, Verdict *v, long k)
{
    Arena *A = arena_new(NULL);
    printf("trial %ld of seed %llu: %s: %s\n", k, (unsigned long long)o->seed,
           guilty_name[v->guilty], v->why);
    printf("bytes ");
    for (size_t i = 0; i < c->n; i++)
        printf("%02x", c->bytes[i]);
    trial_shrink(t, v, jitted(o, k));
    printf("\nthe smallest that fails likewise:\n%s\n", trial_lua(A, t, v));
    fflush(stdout);
    arena_release(A);
}

static size_t read_bytes(const char *hex, Choices *c)
{
    memset(c, 0, sizeof *c);
    for (unsigned byte; c->n < CHOICES && sscanf(hex + 2 * c->n, "%2x", &byte) == 1;)
        c->bytes[c->n++] = (uint8_t)byte;
    return c->n;
}

bool run_trials(const Options *o, Outcome *out, bool quiet)
{
    double start = all_seconds();
    for (long k = o->only >= 0 ? o->only : 0; k < o->trials || o->trials == 0; k++) {
        Choices c;
        Trial t;
        choices_fill(&c, o->seed, (uint64_t)k);
        if (o->written || (mutant_on && k % 2)) /* a mistake may show in few programs */
            c.bytes[CHOICES - 1] = 0;
        if (o->bytes)
            read_bytes(o->bytes, &c);
        Arena *A = arena_new(NULL);
        out->trial = k;
        out->verdict = (Verdict){0};
        bool ok = trial_draw(A, &c, &t, jitted(o, k), &out->counts, &out->verdict);
        if (!ok && !quiet)
            report(o, &c, &t, &out->verdict, k);
        arena_release(A);
        out->seconds = all_seconds() - start;
        if (!ok)
            return false;
        if (o->only >= 0 || o->bytes || (o->seconds > 0 && out->seconds > o->seconds))
            break;
    }
    return true;
}

static void print_counts(const Counts *c, double seconds)
{
    printf(
        "# %ld trials in %.1f s of processor time: %.0f a second; %ld steps accepted, %ld refused; %ld compiled, "
        "%ld by threads, %ld of them as PTX; %ld cut off; %ld with other roundings\n",
        c->trials, seconds, (double)c->trials / seconds, c->accepted, c->refused, c->jitted,
        c->threaded, c->ptx, c->cut_off, c->reassociated);
    printf("# accepted/refused:");
    for (size_t i = 0; i < prim_count; i++)
        printf(" %s %ld/%ld", prims[i].name, c->per_prim[i][1], c->per_prim[i][0]);
    printf("\n");
}

static int run_seed(const Options *o)
{
    Outcome out = {0};
    bool ok = run_trials(o, &out, false);
    const Counts *counts = &out.counts;
    print_counts(counts, out.seconds);
    /* A primitive that no trial ever got accepted is not tested. */
    for (size_t i = 0; i < prim_count && counts->trials >= 2000 && !o->written; i++)
        if (counts->per_prim[i][1] == 0)
            ok = printf("# %s was never accepted\n", prims[i].name) < 0;
    printf("%s diff/seed %llu (%ld trials)\n", ok ? "ok" : "not ok", (unsigned long long)o->seed,
           counts->trials);
    return ok ? 0 : 1;
}

/* ---- the command ---- */

static bool read_options(Options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(name, "--mutants") == 0 || strcmp(name, "--ptxas") == 0 ||
            strcmp(name, "--written") == 0) {
            *(name[2] == 'm' ? &o->mutants : name[2] == 'p' ? &o->ptxas : &o->written) = true;
            continue;
        }
        i++;
        if (strcmp(name, "--trials") == 0)
            o->trials = atol(value);
        else if (strcmp(name, "--only") == 0)
            o->only = atol(value);
        else if (strcmp(name, "--seed") == 0)
            o->seed = strtoull(value, NULL, 10);
        else if (strcmp(name, "--seconds") == 0)
            o->seconds = atof(value);
        else if (strcmp(name, "--jit") == 0)
            o->jit = atof(value);
        else if (strcmp(name, "--bytes") == 0)
            o->bytes = value;
        else if (strcmp(name, "--mutant") == 0)
            o->mutant = value;
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    Options o = {.only = -1, .seed = 1, .jit = 1};
    int status = worker_main(argc, argv, NULL);
    if (status >= 0)
        return status;
    if (!read_options(&o, argc, argv)) {
        fprintf(
            stderr,
            "usage: diff [--seed S] [--trials N] [--seconds T] [--jit SHARE] [--only K] [--bytes HEX] "
            "[--mutant NAME] [--mutants] [--ptxas] [--written]\n");
        return 2;
    }
    if (o.ptxas && !find_ptxas())
        return printf("skip diff/ptxas: it is not installed\n") < 0;
    assemble_ptx = o.ptxas;
    if (o.trials == 0 && o.seconds <= 0)
        o.seconds = o.mutants ? 60 : 10;
    if (o.mutants)
        return run_mutants(&o);
    if (o.mutant && !mutant_plant(o.mutant))
        return 2;
    status = run_seed(&o);
    exec_shutdown();
    return status;
}
