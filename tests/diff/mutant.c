/* mutant.c -- which mistake is planted: in the tester, and in the workbench that
** replays what the tester prints.
**
** The environment names it, so that compiler and runner, which start later, inherit it.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mutant.h"
#include "tests/diff/hunt.h"

int mutant_on;

const char *const mutant_name[] = {
    "none",
#define MUTANT_ROW(name, doc) #name,
#include "core/base/mutants.def"
};
const int mutant_count = sizeof mutant_name / sizeof *mutant_name;

static const char variable[] = "TVMREPL_MUTANT";

static int number_of(const char *name)
{
    for (int i = 0; i < mutant_count; i++)
        if (strcmp(name, mutant_name[i]) == 0)
            return i;
    char *end;
    long n = strtol(name, &end, 10);
    return *name && !*end && n >= 0 && n < mutant_count ? (int)n : -1;
}

bool mutant_plant(const char *name)
{
    int n = number_of(name);
    if (n < 0) {
        fprintf(stderr, "diff: no mutant '%s'\n", name);
        return false;
    }
    mutant_on = n;
    return setenv(variable, mutant_name[n], 1) == 0;
}

/* Before main, for the workbench's knows nothing of mistakes. */
__attribute__((constructor)) static void inherit(void)
{
    const char *name = getenv(variable);
    mutant_on = name && number_of(name) > 0 ? number_of(name) : 0;
}
