/* rehome.h -- moving what is new of a program into an arena of its very size.
**
** A step builds in a working arena, much of which is scratch.  Of the tree that it gives, the nodes
** that live there are copied; all others are shared as they are.
*/
#ifndef CORE_IR_REHOME_H
#define CORE_IR_REHOME_H

#include "core/ir/ir.h"

/* The bytes that ir_rehome will take.  It also marks what will move: it comes first. */
size_t ir_rehome_size(const Node *root, Arena *work);

/* The same program with its new nodes in `to`.  The working arena's nodes are
** spoiled: release it. */
const Node *ir_rehome(const Node *root, Arena *work, Arena *to);

#endif
