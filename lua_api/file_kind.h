/* file_kind.h -- what a file is, by the ending of its name: for what is saved, and for advice where
** something that does not read it was asked to.
**
**      const FileKind *k = file_kind("net.onnx");     k->is: "a model"
*/
#ifndef LUA_API_FILE_KIND_H
#define LUA_API_FILE_KIND_H

#include "core/base/err.h"

/* The texts that the workbench writes; a set of them is a sum. */
typedef enum SavedText {
    TEXT_steps = 1,   /* of a schedule, as a script */
    TEXT_program = 2, /* what tvm.parse reads */
    TEXT_graph = 4,   /* what tvm.parse_graph reads */
} SavedText;

typedef struct FileKind {
    const char *ending;   /* ".onnx" */
    const char *is;       /* "a model" */
    const char *variable; /* the name in "g = tvm.import …", where that is what reads it; or NULL */
    const char *reader;   /* what reads it, with %s for the quoted path; or NULL */
    unsigned texts;       /* what may be saved to such a file: of SavedText */
} FileKind;

/* The kind of the file with this name, in letters of either case; NULL for any other ending. */
const FileKind *file_kind(const char *path);

/* Has the name no ending, or one that such a text (of SavedText) is saved to? */
bool file_takes_text(const char *path, unsigned texts);

/* A path as a string of Lua source, quotes around it. */
typedef struct QuotedPath {
    char text[300];
} QuotedPath;
QuotedPath quote_path(const char *path);

/* What reads the file becomes the fix of `err`, where its name says that and it is not `asked`,
** "tvm.load", which could not. */
void advise_reader(const char *path, const char *asked, Err *err);

#endif
