/* literal.h -- which integers a type has: a literal takes the type of what it meets, and one that
** has no value there is refused, not wrapped.
**
**      literal_fits(DT_uint8, 256)      false: uint8 has 0 to 255
**      literal_words(DT_uint8, 256)     {"256", "0 to 255", "0", "int16"}
*/
#ifndef CORE_IR_LITERAL_H
#define CORE_IR_LITERAL_H

#include "core/base/dtype.h"
#include "core/base/integer.h"

/* Is v a value of the integer type t, or of bool, whose values are 0 and 1? */
bool literal_fits(DType t, i128 v);

/* What to say of a literal that does not fit. */
typedef struct LiteralWords {
    char number[24], range[64]; /* v, and from where to where t goes */
    char wrapped[24];           /* what a conversion to t makes of v */
    const char *wider;          /* the smallest type that has v and all that t has, or NULL */
} LiteralWords;

LiteralWords literal_words(DType t, i128 v);

#endif
