/* saved_text.h -- which function reads a text that was saved: for advice where another was called.
**
**      const char *reader = reader_of_file("net.txt");     "tvm.parse_graph"
*/
#ifndef LUA_API_SAVED_TEXT_H
#define LUA_API_SAVED_TEXT_H

#include "core/base/err.h"

/* "tvm.parse" for a program, "tvm.parse_graph" for a graph; NULL for anything else. */
const char *reader_of_text(const char *text);

/* The same for what stands in a file. */
const char *reader_of_file(const char *path);

/* The text could not be read: where it is the path of a file instead, `err` says how that is read,
** by `reader`, or that it is not there. */
void advise_path(const char *text, const char *reader, Err *err);

#endif
