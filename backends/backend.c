/* backend.c -- the rows of the table of backends. */
#include "backends/backend.h"

#include <stdio.h>
#include <string.h>

#include "backends/cuda/cuda.h"
#include "backends/interp/interp.h"
#include "backends/llvm/llvm.h"
#include "core/base/nearest.h"

const Backend *const backends[] = {&llvm_backend, &interp_backend, &check_backend, &cuda_backend,
                                   NULL};

/* What others call a backend. */
static const struct {
    const char *word, *name;
} other_words[] = {
    {"gpu", "cuda"}, {"nvptx", "cuda"}, {"ptx", "cuda"}, {"nvidia", "cuda"}, {"cpu", "llvm"},
    {"x86", "llvm"}, {"host", "llvm"},  {"c", "llvm"},   {"native", "llvm"},
};

/* The backend that may have been meant, or NULL. */
static const char *meant(const char *word)
{
    Nearest near = nearest_to(word);
    for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++)
        if (strcmp(other_words[i].word, word) == 0)
            return other_words[i].name;
    for (size_t i = 0; backends[i]; i++)
        nearest_try(&near, backends[i]->name);
    return near.best;
}

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
    char word[64], instead[80] = "";
    snprintf(word, sizeof word, "%.*s", n < sizeof word ? (int)n : (int)sizeof word - 1, target);
    if (meant(word))
        snprintf(instead, sizeof instead, ": did you mean \"%s\"?", meant(word));
    return FAIL(err, no_backend, NULL, word, instead, names);
}
