/* spawn.c -- for `./dev bench`: how long a whole process takes, from its start to its end.
**
**      spawn TIMES PROGRAM ARGUMENTS…
**
** Prints the nanoseconds of each run, a line each; the program's output goes nowhere.
*/
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t silent;
    posix_spawn_file_actions_init(&silent);
    posix_spawn_file_actions_addopen(&silent, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int times = argc > 2 ? atoi(argv[1]) : 0;
    for (int i = 0; i < times; i++) {
        pid_t child;
        int status = 0;
        double start = now();
        if (posix_spawn(&child, argv[2], &silent, NULL, argv + 2, environ) != 0)
            return 1;
        waitpid(child, &status, 0);
        if (status != 0)
            return 1;
        printf("%.0f\n", now() - start);
    }
    return times == 0;
}
