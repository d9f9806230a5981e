/* backend.c -- the rows of the table of backends. */
#include "backends/backend.h"

#include <string.h>

#include "backends/cuda/cuda.h"
#include "backends/interp/interp.h"
#include "backends/llvm/llvm.h"

const Backend *const backends[] = {&llvm_backend, &interp_backend, &check_backend, &cuda_backend,
                                   NULL};

const Backend *backend_find(const char *target, Err *err)
{
    char names[128] = "";
    size_t n = strcspn(target, " ");
    for (size_t i = 0; backends[i]; i++) {
        if (strlen(backends[i]->name) == n && strncmp(backends[i]->name, target, n) == 0)
            return backends[i];
        if (strlen(names) + strlen(backends[i]->name) + 3 < sizeof names) {
            strcat(names, *names ? ", " : "");
            strcat(names, backends[i]->name);
        }
    }
    char word[64];
    strncpy(word, target, sizeof word - 1);
    word[n < sizeof word - 1 ? n : sizeof word - 1] = 0;
    return FAIL(err, no_backend, NULL, word, names);
}
