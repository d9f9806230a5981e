/* file_kind.c -- what a file is, by the ending of its name. */
#include "lua_api/file_kind.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const FileKind kinds[] = {
#define FILE_KIND(ending, is, variable, reader, texts) {ending, is, variable, reader, texts},
#include "lua_api/file_kind.def"
};

/* ".onnx" of "models/net.onnx"; NULL if the name has none. */
static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strrchr(slash ? slash : path, '.');
}

const FileKind *file_kind(const char *path)
{
    const char *ending = ending_of(path);
    for (size_t i = 0; ending && i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(ending, kinds[i].ending) == 0)
            return &kinds[i];
    return NULL;
}

bool file_takes_text(const char *path, unsigned texts)
{
    const FileKind *kind = file_kind(path);
    return kind ? (kind->texts & texts) != 0 : !ending_of(path);
}

QuotedPath quote_path(const char *path)
{
    enum { CODE = 4 }; /* the longest that a letter becomes, \\ and three digits */
    QuotedPath q;
    size_t n = 0;
    q.text[n++] = '"';
    for (; *path && n + CODE + 2 <= sizeof q.text; path++) {
        unsigned char c = (unsigned char)*path;
        const char *form = c == '"' || c == '\\' ? "\\%c" : c < ' ' ? "\\%03d" : "%c";
        n += (size_t)snprintf(q.text + n, sizeof q.text - n, form, c);
    }
    strcpy(q.text + n, "\"");
    return q;
}

void advise_reader(const char *path, const char *asked, Err *err)
{
    const FileKind *kind = file_kind(path);
    if (kind && kind->reader && strncmp(kind->reader, asked, strlen(asked)) != 0)
        err_fix(err, kind->reader, quote_path(path).text);
}
