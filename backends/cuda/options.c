/* options.c -- target strings of the CUDA backend. */
#include "backends/cuda/options.h"

#include <string.h>

/* Each architecture with the first version of PTX that has it. */
static const CudaOptions known[] = {
    {"sm_60", "+ptx60"}, {"sm_61", "+ptx60"}, {"sm_70", "+ptx60"},
    {"sm_75", "+ptx63"}, {"sm_80", "+ptx70"}, {"sm_86", "+ptx71"},
    {"sm_89", "+ptx78"}, {"sm_90", "+ptx78"}, {"sm_90a", "+ptx80"},
};

bool cuda_options(const char *target, CudaOptions *out, Err *err)
{
    *out = (CudaOptions){"sm_80", "+ptx70"};
    const char *at = target + strcspn(target, " ");
    while (*(at += strspn(at, " "))) {
        char word[64] = "";
        size_t n = strcspn(at, " ");
        strncat(word, at, n < sizeof word - 1 ? n : sizeof word - 1);
        at += n;
        if (strncmp(word, "-arch=", 6) != 0)
            return REFUSE(err, cuda_option_unknown, NULL, word);
        size_t i = 0, all = sizeof known / sizeof *known;
        while (i < all && strcmp(known[i].arch, word + 6) != 0)
            i++;
        if (i == all)
            return REFUSE(err, cuda_arch_unknown, NULL, word + 6);
        *out = known[i];
    }
    return true;
}
