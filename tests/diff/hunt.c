/* hunt.c -- mistakes planted on purpose: each must be found, and nothing else.
**
** Every hunt runs in a process of its own, so that a mistake that crashes or never ends is found,
** too.  The trial that failed is then run once more without the mistake, where it must pass: else
** it found something else.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/exec.h"
#include "core/base/mutant.h"
#include "tests/diff/hunt.h"

/* Runs trials with a mistake in another process; gives the status it ended with. */
static int run_planted(const Options *o, const char *mutant, Outcome *shared)
{
    int status = 0;
    fflush(stdout);
    memset(shared, 0, sizeof *shared);
    pid_t pid = fork();
    if (pid == 0) {
        rlim_t most = (rlim_t)(o->seconds > 0 ? o->seconds : 600) + 5;
        setrlimit(RLIMIT_CPU, &(struct rlimit){most, most});
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        bool survived = mutant_plant(mutant) && run_trials(o, shared, true);
        exec_shutdown();
        _exit(survived ? 0 : 1);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        continue;
    return status;
}

/* One line of the table. */
static bool hunt(const Options *o, const char *mutant, Outcome *shared)
{
    int status = run_planted(o, mutant, shared);
    const Outcome found = *shared;
    const char *by = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : found.verdict.why;
    const char *who = WIFSIGNALED(status) ? "crash" : guilty_name[found.verdict.guilty];
    bool killed = WIFSIGNALED(status) || found.verdict.guilty != GUILTY_none;
    printf("%s mutant/%-34s %6ld trials %7.2f s  ", killed ? "ok" : "not ok", mutant,
           found.trial + 1, found.seconds);
    if (!killed)
        return printf("survived\n") < 0;
    printf("%s: %.*s\n", who, (int)strcspn(by, "\n") < 110 ? (int)strcspn(by, "\n") : 110, by);
    Options once = *o;
    once.only = found.trial;
    if (run_planted(&once, "none", shared) == 0)
        return true;
    return printf("not ok mutant/%s: trial %ld fails without it: %s\n", mutant, found.trial,
                  shared->verdict.why) < 0;
}

int run_mutants(const Options *o)
{
    Outcome *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool ok = shared != MAP_FAILED;
    double start = all_seconds();
    for (int i = 1; i < mutant_count && shared != MAP_FAILED; i++)
        ok &= hunt(o, mutant_name[i], shared);
    printf("# %d mutants, %s, in %.1f s of processor time\n", mutant_count - 1,
           ok ? "all killed" : "not all killed", all_seconds() - start);
    return ok ? 0 : 1;
}
