/* cpu_time.c -- the scheduler's account of every thread, added up. */
#include "core/run/cpu_time.h"

#include <dirent.h>
#include <stdio.h>

/* Nanoseconds run and waited so far are the first two numbers of the file. */
static void add_thread(const char *tasks, const char *id, CpuTime *sum)
{
    char path[64 + sizeof((struct dirent){0}.d_name)];
    unsigned long long ran, waited;
    snprintf(path, sizeof path, "%s/%s/schedstat", tasks, id);
    FILE *f = fopen(path, "re");
    if (!f)
        return;
    if (fscanf(f, "%llu %llu", &ran, &waited) == 2) {
        sum->ran += (double)ran * 1e-9;
        sum->waited += (double)waited * 1e-9;
    }
    fclose(f);
}

static CpuTime of_tasks(const char *tasks)
{
    CpuTime sum = {0};
    DIR *dir = opendir(tasks);
    if (!dir)
        return sum;
    for (struct dirent *d = readdir(dir); d; d = readdir(dir))
        if (d->d_name[0] != '.')
            add_thread(tasks, d->d_name, &sum);
    closedir(dir);
    return sum;
}

CpuTime cpu_time(void)
{
    return of_tasks("/proc/self/task");
}

CpuTime cpu_time_of(int pid)
{
    char tasks[32];
    snprintf(tasks, sizeof tasks, "/proc/%d/task", pid);
    return of_tasks(tasks);
}

double cpu_time_waited(CpuTime before, CpuTime now)
{
    double ran = now.ran - before.ran, waited = now.waited - before.waited;
    return waited > 0 && ran >= 0 ? waited / (ran + waited) : 0;
}
