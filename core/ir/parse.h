/* parse.h -- programs from text: the inverse of print.h, with sloppier input accepted.
**
** parse(print(x)) is x up to the identity of its Vars and Buffers.  A first line
** `tvmrepl 1` states the version of the text form.  `#` starts a comment.  Errors
** name line and column and show the line.
*/
#ifndef CORE_IR_PARSE_H
#define CORE_IR_PARSE_H

#include "core/ir/ir.h"

/* One Func.  Its nodes live in A. */
const Node *ir_parse_func(Arena *A, const char *text, Err *err);

/* An expression over the Vars and Buffers given; `type` is what literals get where nothing else
** says (DT_int64 for index expressions). */
const Node *ir_parse_expr(Arena *A, const char *text, DType type, size_t nnames,
                          const Node *const *names, Err *err);

/* Can the text form write this as the name of a buffer, a loop or an axis?  Letters,
** digits, `_` and inner dots, beginning with a letter or `_`, and no word that means
** something of its own there. */
bool ir_is_name(const char *text);

#endif
