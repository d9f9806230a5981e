/* ptxas.h -- NVIDIA's assembler of PTX, where it is installed: it takes what a driver takes. */
#ifndef TESTS_PTXAS_H
#define TESTS_PTXAS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Its path; NULL where there is none. */
static inline const char *find_ptxas(void)
{
    static const char *const places[] = {"/usr/local/cuda/bin/ptxas", "/usr/bin/ptxas", NULL};
    for (int i = 0; places[i]; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* Does it take the program for "sm_80"? True where there is no ptxas. Today's knows no GPU older than
** sm_75, on which code for those runs, too. */
static inline bool ptxas_takes(const char *ptx, const char *arch)
{
    arch = strcmp(arch, "sm_75") < 0 ? "sm_75" : arch;
    char path[] = "/tmp/tvmrepl-ptx-XXXXXX", command[512];
    const char *ptxas = find_ptxas();
    if (!ptxas)
        return true;
    int fd = mkstemp(path);
    bool ok = fd >= 0 && write(fd, ptx, strlen(ptx)) == (ssize_t)strlen(ptx);
    close(fd);
    snprintf(command, sizeof command, "%s -arch=%s -o /dev/null %s", ptxas, arch, path);
    ok = ok && system(command) == 0;
    unlink(path);
    return ok;
}

#endif
