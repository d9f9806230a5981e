/* legal.h -- the structural conditions under which a step keeps the meaning.
**
** They are quick (microseconds) and sufficient, not necessary: what they cannot see is refused with the reason.
** The second witness, core/affine/dep.h, trusts none of this and is asked by tests, verify and why_not.
*/
#ifndef CORE_SCHEDULE_LEGAL_H
#define CORE_SCHEDULE_LEGAL_H

#include "core/ir/ir.h"

/* What a block is, by what it writes and reads:
**   complete   one Store, indices by spatial axes of which each element has its own, not reading what it writes
**   reduction  one Update, indices as above over the spatial axes, reduce axes not in the indices
**   opaque     anything else, with the reason */
typedef enum BlockClass { BLOCK_COMPLETE, BLOCK_REDUCTION, BLOCK_OPAQUE } BlockClass;
BlockClass block_class(const Node *block, const char **why);

/* May the iterations of this loop run at the same time (parallel, vectorized, bound)?  `how` is the word for it. */
bool legal_concurrent(const Node *func, const Node *loop, const char *how, Err *err);

/* May the loops at these places of one nest be permuted?  Only complete and reduction blocks may stand below. */
bool legal_reorder(const Node *func, const Node *outermost, Err *err);

/* What stands in the way when `block` moves past all that follows `from` and precedes `to` (NULL: the end) in the order of
** the text: the first statement that writes what it reads, or touches what it writes; NULL if nothing does. */
enum { PASS_INPUTS = 1, PASS_TARGET = 2 };
const Node *legal_passes(const Node *func, const Node *from, const Node *to, const Node *block, unsigned what);

/* A block's name; of a statement outside blocks, that of the buffer into which it stores. */
const char *statement_name(const Node *n);

/* Does each iteration of the loop run the block, which stands below it, for other values of its spatial axes? */
bool legal_apart(const Node *func, const Node *loop, const Node *block);

/* Does the loop feed a reduce axis of some block below it (if so *block and *axis say which)? */
bool feeds_reduce(const Node *loop, const Node **block, const Node **axis);

#endif
