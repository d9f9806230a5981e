/* saved_text.c -- which function reads a text that was saved. */
#include "lua_api/saved_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/nearfile.h"

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

/* One word that ends as such files do. */
static bool is_path(const char *text)
{
    const char *dot = strrchr(text, '.');
    return dot && !strpbrk(text, " \n:") && (strcmp(dot, ".tir") == 0 || strcmp(dot, ".txt") == 0);
}

void advise_path(const char *text, const char *reader, Err *err)
{
    bool there = !strpbrk(text, "\n:") && access(text, R_OK) == 0;
    if (there)
        err_fix(err, "%s(assert(io.open(\"%s\")):read \"a\")", reader, text);
    else if (is_path(text))
        refuse_unreadable(err, text, errno);
}
