/* memory.c -- what /proc and the control groups say.  See memory.h. */
#include "core/base/memory.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t spare = INT64_C(64) << 20; /* what is left to everything else */

/* The number after `word` at a line's start (or the file's first number, if that is
** ""); -1 if there is none. */
static int64_t number_in(const char *path, const char *word)
{
    FILE *f = fopen(path, "re");
    int64_t found = -1;
    char line[256];
    size_t n = strlen(word);
    while (f && found < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, word, n) == 0 && sscanf(line + n, "%" SCNd64, &found) != 1)
            found = -1;
    if (f)
        fclose(f);
    return found;
}

/* The files of a control group's memory, in both versions of the interface. */
typedef struct Interface {
    const char *root, *most, *used, *reclaimable;
} Interface;

static const Interface versions[] = {
    {"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "},
    {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
     "total_inactive_file "},
};

static int64_t group_number(const Interface *v, const char *group, const char *file,
                            const char *word)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s%s/%s", v->root, group, file);
    return number_in(path, word);
}

/* What the group and all around it leave; `group` is cut on the way. */
static int64_t groups_leave(const Interface *v, char *group)
{
    int64_t least = INT64_MAX;
    for (;;) {
        int64_t most = group_number(v, group, v->most, "");
        int64_t used = most < 0 ? -1 : group_number(v, group, v->used, "");
        if (used >= 0) {
            int64_t cached = group_number(v, group, "memory.stat", v->reclaimable);
            int64_t left = most - used + (cached > 0 ? cached : 0);
            least = left < least ? left : least;
        }
        char *slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* Lines of /proc/self/cgroup are 0::/group, or 4:memory:/group where the old
** interface is in use. */
static int64_t all_groups_leave(void)
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    int64_t least = INT64_MAX;
    char line[PATH_MAX];
    while (f && fgets(line, sizeof line, f)) {
        char *name = strchr(line, ':'), *group = name ? strchr(name + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        bool old = strcmp(name + 1, "memory") == 0;
        if (!old && name[1])
            continue;
        int64_t left = groups_leave(&versions[old], group);
        least = left < least ? left : least;
    }
    if (f)
        fclose(f);
    return least;
}

int64_t memory_free(void)
{
    int64_t kib = number_in("/proc/meminfo", "MemAvailable:"), groups = all_groups_leave();
    int64_t machine = kib < 0 ? INT64_MAX : kib * 1024, least = machine < groups ? machine : groups;
    return least == INT64_MAX ? least : least > spare ? least - spare : 0;
}
