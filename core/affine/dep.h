/* dep.h -- the second witness of legality: dependences between block instances, by
** integer sets (isl).
**
** It reads what the program does and trusts nothing that a block declares.  An answer takes
** milliseconds and is bounded by a number of operations; where that does not suffice, or an index
** is not affine, the answer is DEP_UNKNOWN and err says why.  Where it is DEP_BROKEN, err->witness
** names two iterations and an element, the smallest that show it.
*/
#ifndef CORE_AFFINE_DEP_H
#define CORE_AFFINE_DEP_H

#include "core/affine/witness.h"
#include "core/ir/ir.h"

typedef enum DepAnswer { DEP_OK, DEP_BROKEN, DEP_UNKNOWN } DepAnswer;

/* Operations of isl that are worth a look before each run (some 10 ms; small ones take a
** microsecond), a wait at the prompt (some 100 ms), and in tests. */
enum { DEP_GLANCE = 30000, DEP_QUICK = 1000000, DEP_THOROUGH = 50000000 };

/* Do all iterations of the loop with this Var leave each other alone, so that they may run in any
** order or at once?  Two updates of one element are a conflict, too. */
DepAnswer dep_check_parallel(const Node *func, const Node *loop, long operations, Err *err);

/* The same of a loop that is taken at its word, without an error: of DEP_BROKEN *out shows two
** iterations that surely get into each other's way, whatever the data are; its text lives in A, as
** do the sets.  Of DEP_UNKNOWN *why says what the sets are at a loss with. */
DepAnswer dep_conflict(Arena *A, const Node *func, const Node *loop, long operations,
                       LoopConflict *out, const char **why);

/* May the n loops of a nest, each the only thing in the one before, stand in the order `after`
** instead of `before`?  No two touches of an element change places, but updates by one combiner.
** Programs may store an element as often as they like. */
DepAnswer dep_check_reorder(const Node *func, size_t n, const Node *const *before,
                            const Node *const *after, long operations, Err *err);

/* How instances that touch one element are ordered; bits.  DEP_MAYBE: whether they run, or
** which element they touch, depends on data. */
enum { DEP_NEVER = 0, DEP_FIRST = 1, DEP_SECOND = 2, DEP_UNTOLD = 4, DEP_MAYBE = 8 };

typedef struct DepTouch {
    const Node *stmt; /* a Store or Update; or an If, a For or a Block, which read, then decide */
    bool writes;      /* or reads */
} DepTouch;

/* Which instances of `a` that touch an element of the buffer come before one of `b` that touches it
** (DEP_FIRST), and which after?  If `shown` is one of the two bits and the answer has it,
** err->witness shows such a pair. */
unsigned dep_order(const Node *func, const Node *buffer, DepTouch a, DepTouch b, long operations,
                   unsigned shown, Err *err);

/* Does `after` compute what `before` does?  Instances of blocks are matched by the block's name and
** the values of its axes.  Each must read the same values: those of the same instances or of the
** same elements of the inputs, through whatever copies `after` makes, and all of them must be there
** in time.  Updates of one element by one combiner may change places.  What a block makes of the
** values that it reads is not compared; running both programs does that.  Programs that store an
** element more than once are beyond it: DEP_UNKNOWN. */
DepAnswer dep_check_step(const Node *before, const Node *after, long operations, Err *err);

/* Does the program read what nothing has written by then, of its own memory or of a result, or
** leave an element of a result unwritten? DEP_BROKEN: certainly, whatever the data are; err names
** the first such read (undefined_read) or element (never_written). DEP_UNKNOWN: of a result nobody
** can tell; err says of the first why. Of reads that are not certain nothing is said. A value may
** be missing as long as it is copied alone, and reads in a program with barriers are not asked
** about. The operations are those of the reads together, and again of each result: what is dear in
** one place hides nothing that is plain in another, but after each result for which they are too
** few there are half as many. */
DepAnswer dep_unwritten(const Node *func, long operations, Err *err);

/* What counts as writing an element: the stores that run whatever the data are; or any store or
** update that data may have run. */
typedef enum DepWrites { DEP_CERTAIN_STORES, DEP_POSSIBLE_WRITES } DepWrites;

/* Does what runs in the loop (NULL: the whole program) write every element of the buffer, if only
** `which` counts?  DEP_BROKEN: surely not, and err->witness is the first one left, "C[0, 3]".
** DEP_UNKNOWN also where some are left, and a store does not count because data decide about it. */
DepAnswer dep_fills(const Node *func, const Node *loop, const Node *buffer, DepWrites which,
                    long operations, Err *err);

#endif
