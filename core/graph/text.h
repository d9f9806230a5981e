/* text.h -- graphs as text that parses back, and as tables to look at.
**
**      graph digits(x: float32[1, 1, 32, 32]) -> (y: float32[1, 10]):
**        conv1: float32[1, 8, 32, 32] = conv(x, conv1.w: float32[8, 1, 3, 3] data<9f…>, pads=[1, 1, 1, 1])
**        relu1: float32[1, 8, 32, 32] = relu(conv1)
**        reshape1: float32[1, 8192] = reshape(relu1, [1, 8192])
**        …
**        return y = gemm1
**
** A constant is written where it is read first: small ones as their elements, others as data<hash>
** of their content.  Attributes that have their defaults are left out.  Groups are indented below
** `group NAME:`.  Comments tell the names in the model file.
*/
#ifndef CORE_GRAPH_TEXT_H
#define CORE_GRAPH_TEXT_H

#include "core/base/buf.h"
#include "core/graph/graph.h"

const char *graph_text(Arena *A, const Graph *g);

/* One node as a line of that text; constants by name only. */
const char *graph_node_text(Arena *A, const Graph *g, uint32_t node);

/* Finds the tensor whose content has this fingerprint; NULL if it has none.  Not
** owned by the caller. */
typedef Tensor *FindData(void *env, Fingerprint hash);

/* The graph of a text.  Errors name line and column. */
Graph *graph_parse(const char *text, FindData *find, void *env, Err *err);

/* For graph_parse: constants of another graph, given as env. */
Tensor *graph_find_data(void *graph, Fingerprint hash);

/* What a person wants to see first: every node with its operator, type, parameters, MFLOP and
** bytes, and totals.  At most `rows` nodes (0: all), of which it says how many are left out, in
** lines of at most `columns` letters (0: as wide as they are), with a mark where words were cut or
** columns left out; *cut then becomes true.  Where `cut` is NULL nothing is: columns without room
** stand in further tables. */
const char *graph_table(Arena *A, const Graph *g, uint32_t rows, int columns, bool *cut);

/* How often each operator occurs, the most frequent first. */
const char *graph_ops_table(Arena *A, const Graph *g);

/* Operators that could not be taken over, with reason, version and count; "" if there are none. */
const char *graph_unsupported_text(Arena *A, const Graph *g);

/* What changed from a to b, a line each: nodes gone (-), new (+) and changed (old, then new). */
const char *graph_diff(Arena *A, const Graph *a, const Graph *b);

/* What one node costs; -1 where its shapes are not known. */
int64_t graph_node_flops(const Graph *g, uint32_t node);

#endif
