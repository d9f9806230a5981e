/* saved_text.h -- which function reads a text that was saved: for advice where another was called.
**
**      const char *reader = reader_of_file("net.txt");     "tvm.parse_graph"
*/
#ifndef LUA_API_SAVED_TEXT_H
#define LUA_API_SAVED_TEXT_H

/* "tvm.parse" for a program, "tvm.parse_graph" for a graph; NULL for anything else. */
const char *reader_of_text(const char *text);

/* The same for what stands in a file. */
const char *reader_of_file(const char *path);

#endif
