/* nearfile.c -- looks through the folder of a file that is not there. */
#include "core/base/nearfile.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/nearest.h"

/* Writes the name that is nearest to `name` in the folder; false if none is near. */
static bool find_near(const char *folder, const char *name, char out[NAME_MAX + 1])
{
    enum { MOST = 10000 }; /* entries that are looked at */
    DIR *dir = opendir(folder);
    if (!dir)
        return false;
    Nearest near = nearest_to(name);
    char stem[NAME_MAX + 1]; /* two names are not near because both end in .lua */
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "."), name);
    near.distance = stem[0] ? nearest_to(stem).distance : near.distance;
    struct dirent *e;
    for (int i = 0; i < MOST && (e = readdir(dir)); i++) {
        const char *before = near.best;
        nearest_try(&near, e->d_name);
        if (near.best != before) {
            snprintf(out, NAME_MAX + 1, "%s", e->d_name);
            near.best = out;
        }
    }
    closedir(dir);
    return near.best != NULL;
}

bool refuse_unreadable(Err *err, const char *path, int error)
{
    char folder[PATH_MAX], near[NAME_MAX + 1];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;
    REFUSE(err, not_readable, NULL, path, strerror(error));
    if (error != ENOENT || len >= sizeof folder)
        return false;
    snprintf(folder, sizeof folder, "%.*s", (int)len, path);
    if (find_near(len ? folder : ".", path + len, near))
        err_fix(err, "did you mean %s%s?", folder, near);
    return false;
}
