/* saved_text.c -- which function reads a text that was saved. */
#include "lua_api/saved_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/nearfile.h"
#include "lua_api/file_kind.h"

const char *reader_of_text(const char *text)
{
    if (strncmp(text, "tvmrepl ", 8) == 0)
        text += strcspn(text, "\n");
    text += strspn(text, " \n");
    return strncmp(text, "func ", 5) == 0    ? "tvm.parse"
           : strncmp(text, "graph ", 6) == 0 ? "tvm.parse_graph"
                                             : NULL;
}

const char *reader_of_file(const char *path)
{
    char start[100];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(start, 1, sizeof start - 1, f) : 0;
    if (f)
        fclose(f);
    start[n] = '\0';
    return reader_of_text(start);
}

bool file_readable(const char *path, Err *err)
{
    struct stat st;
    int error = access(path, R_OK) != 0 || stat(path, &st) != 0 ? errno
                : S_ISDIR(st.st_mode)                           ? EISDIR
                                                                : 0;
    return error == 0 || refuse_unreadable(err, path, error);
}

void advise_reading(const char *path, const char *reader, Err *err)
{
    err_fix(err, "%s(assert(io.open(%s)):read \"a\")", reader, quote_path(path).text);
}

void advise_path(const char *text, Err *err)
{
    Err unreadable;
    if (!*text || strpbrk(text, "\n"))
        return;
    if (file_readable(text, &unreadable)) {
        const char *reader = reader_of_file(text);
        if (reader)
            advise_reading(text, reader, err);
        else
            advise_reader(text, "tvm.parse", err);
    } else if (access(text, F_OK) == 0 || (file_kind(text) && !strpbrk(text, " :"))) {
        *err = unreadable;
    }
}
