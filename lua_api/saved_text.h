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

/* May the file be read, and is it none of folders?  Otherwise `err` says why not. */
bool file_readable(const char *path, Err *err);

/* That `reader` reads the text in the file becomes the fix of `err`. */
void advise_reading(const char *path, const char *reader, Err *err);

/* The text could not be read: where it is the path of a file instead, `err` says what reads that,
** or that it is not there. */
void advise_path(const char *text, Err *err);

#endif
