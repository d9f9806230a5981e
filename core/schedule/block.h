/* block.h -- the form of a block: what a primitive that builds loops anew must be able to see.
**
** This is about which blocks a primitive can handle, not about what is legal: see legal.h for that.
*/
#ifndef CORE_SCHEDULE_BLOCK_H
#define CORE_SCHEDULE_BLOCK_H

#include "core/ir/ir.h"

/* What a block is, by what it writes and reads:
**   complete   one Store, indices by spatial axes of which each element has its own, not reading what it writes
**   reduction  one Update, indices as above over the spatial axes, reduce axes not in the indices
**   opaque     anything else, with the reason */
typedef enum BlockClass { BLOCK_COMPLETE, BLOCK_REDUCTION, BLOCK_OPAQUE } BlockClass;
BlockClass block_class(const Node *block, const char **why);

/* Does the loop feed a reduce axis of some block below it (if so *block and *axis say which)? */
bool feeds_reduce(const Node *loop, const Node **block, const Node **axis);

#endif
