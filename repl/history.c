/* history.c -- what was typed before.
**
** In the file an input is one line, with newlines written \n and backslashes \\, so
** an input of many lines is recalled as one.  Each input is appended when it is made,
** by one write under a lock.
*/
#include "repl/history.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>

enum { MOST = 10000 }; /* inputs that are read back */

static char path[4096];

/* Makes the folders above the file. */
static void make_folders(void)
{
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
}

static void find_path(void)
{
    const char *own = getenv("TVMREPL_HISTORY"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    int n = 0;
    if (own)
        n = snprintf(path, sizeof path, "%s", own);
    else if (state && state[0] == '/')
        n = snprintf(path, sizeof path, "%s/tvmrepl/history", state);
    else if (home && home[0] == '/')
        n = snprintf(path, sizeof path, "%s/.local/state/tvmrepl/history", home);
    if (n < 0 || (size_t)n >= sizeof path)
        path[0] = '\0';
}

/* Undoes the escapes in place. */
static void unescape(char *s)
{
    char *out = s;
    for (; *s; s++) {
        if (s[0] == '\\' && s[1] == 'n') {
            *out++ = '\n';
            s++;
        } else if (s[0] == '\\' && s[1] == '\\') {
            *out++ = '\\';
            s++;
        } else {
            *out++ = *s;
        }
    }
    *out = '\0';
}

void history_open(void)
{
    using_history();
    stifle_history(MOST);
    find_path();
    struct stat st;
    /* A device might never end */
    bool regular = path[0] && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    FILE *f = regular ? fopen(path, "r") : NULL;
    if (!f)
        return;
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        unescape(line);
        if (line[0])
            add_history(line);
    }
    free(line);
    fclose(f);
}

static void append(const char *input)
{
    char *text = malloc(2 * strlen(input) + 2), *out = text;
    if (!text)
        return;
    for (const char *s = input; *s; s++) {
        if (*s == '\n' || *s == '\\')
            *out++ = '\\';
        *out++ = *s == '\n' ? 'n' : *s;
    }
    *out++ = '\n';
    make_folders();
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        flock(fd, LOCK_EX);
        struct stat before;
        bool known = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
        /* A history that cannot be kept is no reason to stop, but no line is left half written. */
        if (write(fd, text, (size_t)(out - text)) != out - text && known &&
            ftruncate(fd, before.st_size) != 0)
            path[0] = '\0';
        close(fd);
    }
    free(text);
}

void history_keep(const char *input)
{
    if (input[strspn(input, " \t\r\n")] == '\0')
        return;
    HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    if (last && strcmp(last->line, input) == 0)
        return;
    add_history(input);
    if (path[0])
        append(input);
}
