/* nearfile.c -- looks through the folder of a file that is not there. */
#include "core/base/nearfile.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

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

enum { NAMED = 4 }; /* files of a folder that an error names */

/* The first files of the folder, by their names, with that ending; how many there are. */
static size_t files_ending(const char *folder, const char *ending, char first[NAMED][NAME_MAX + 1])
{
    size_t n = 0, len = strlen(ending);
    DIR *dir = opendir(folder);
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        size_t at = n < NAMED ? n : NAMED, name = strlen(e->d_name);
        if (name <= len || strcasecmp(e->d_name + name - len, ending) != 0)
            continue;
        n++;
        if (at == NAMED && strcmp(e->d_name, first[--at]) > 0)
            continue;
        for (; at > 0 && strcmp(e->d_name, first[at - 1]) < 0; at--)
            strcpy(first[at], first[at - 1]);
        strcpy(first[at], e->d_name);
    }
    if (dir)
        closedir(dir);
    return n;
}

bool refuse_folder(Err *err, const char *path, const char *ending)
{
    char first[NAMED][NAME_MAX + 1], list[NAMED * (NAME_MAX + 3)] = "";
    size_t n = files_ending(path, ending, first), len = strlen(path), at = 0;
    const char *slash = len && path[len - 1] == '/' ? "" : "/";
    REFUSE(err, not_readable, NULL, path, "it is a directory");
    for (size_t i = 0; i < n && i < NAMED; i++)
        at += (size_t)sprintf(list + at, "%s%s", i ? ", " : "", first[i]);
    if (n == 1)
        err_fix(err, "did you mean %s%s%s?", path, slash, list);
    else if (n > 1)
        err_fix(err, "give the path of a file in it: %s%s", list, n > NAMED ? ", ..." : "");
    else
        err_fix(err, "give the path of a file; no name in it ends in %s", ending);
    return false;
}
