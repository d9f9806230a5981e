/* nest.h -- taking a block's nest out of a program and building it anew elsewhere.
**
** A move cuts the nest out, builds loops over the part that is needed or ready at the new place,
** and puts them there.  Here B comes under the loop i, which reads B[i] and B[i + 1]:
**
**      for y in range(9):             nest_domain: y takes 9 values from 0
**        block B(y): …
**      for i in range(8):             for i in range(8):
**        block D(i): …                  for y in range(2):            nest_build: 2 values from i
**                                         block B(y = i + y): …
**                                       block D(i): …
*/
#ifndef CORE_SCHEDULE_NEST_H
#define CORE_SCHEDULE_NEST_H

#include "core/schedule/legal.h"
#include "core/schedule/prim.h"
#include "core/schedule/tree.h"

/* The values that one axis of a block takes: min, over loops that stand still, and a
** number of them. */
typedef struct AxisSpan {
    const Node *min;
    int64_t extent;
    const char *name; /* for the loop; NULL: the axis's own */
} AxisSpan;

/* Everything an axis of the block at the end of the path ranges over in the whole program. */
bool nest_domain(Step *s, const Path *to_block, AxisSpan *out);

/* How far up the statement that holds nothing but this block: p->at[depth]. */
size_t nest_top(const Path *to_block);

/* An If on the way p that is not on the way q (NULL: any If), or that stands in a loop: what stands
** under it runs in other iterations, or in all, where it comes out of it.  NULL: there is none. */
const Node *nest_condition(const Path *p, const Path *q);

/* Refuses the step if the block at the end of p would come out of a condition when it
** moves to the end of q. */
bool nest_keeps_condition(Step *s, const Path *p, const Path *q);

/* The program without that nest. */
const Node *nest_remove(Arena *A, const Path *to_block);

/* Loops over the spans (spatial axes in their order, then reduce axes) around a block like `block`;
** an axis of one value has no loop.  Values outside [0, domain) that the spans may reach, given the
** loops in `around`, are guarded. */
const Node *nest_build(Step *s, const Node *block, const AxisSpan *spans, const AxisSpan *domain,
                       size_t naround, const Node *const *around);

/* dst[i…] = src[i…] over a box: the block of a copy, to stand in place of p->at[depth].  Each
** axis is named after the one that the index `like` depends on in its dimension, if it is one. */
const Node *nest_copy(Step *s, const char *name, const Node *dst, const Node *src,
                      const Node *window, const Node *const *like, const Path *p, size_t depth);

/* Inserts `stmt` into the body of `loop` (or of the Func): before the first statement that uses the
** buffer, or after the last one. */
const Node *nest_insert(Arena *A, const Node *func, const Node *place, const Node *stmt,
                        const Node *buffer, bool after);

/* Does the block's where speak of its axes alone?  Else what it writes is less than the box around
** it, and a copy of the box would read what was never written. */
bool nest_guard_on_axes(const Node *block);

/* Does the move keep the order of all that depend on each other?  Else says what it breaks. */
bool step_in_order(Step *s, const Moved *moved);

/* Puts the reason in the words of the step's kind, if there is one, in place of what step_in_order
** said of a step that breaks something; the witness stays.  False. */
bool step_explain(Step *s, const Err *reason);

/* The value that each axis of the block takes in one iteration of the loops around: out[i]. */
void nest_axes(const Node *block, AxisSpan *out);

/* How many loops both paths, from the outermost on, have in common. */
size_t nest_common(const Node *const *a, size_t na, const Node *const *b, size_t nb);

/* Do all of the loops run, however often, whatever the ones around and the data are? */
bool nest_always_runs(size_t n, const Node *const *loops);

/* The box of the axes, whose values and widths are `one`, in each iteration of the first `still` of
** the loops; false if it cannot be told.  *whole (if asked): the other loops surely run through
** all of it. */
bool nest_box(Arena *A, size_t naxes, const AxisSpan *one, size_t still, size_t nloops,
              const Node *const *loops, AxisSpan *box, bool *whole);

/* Is it sure that all of `a` is in `b`? */
bool nest_lies_in(Arena *A, const AxisSpan *a, const AxisSpan *b);

/* Does the block touch memory, but for `but`, that each iteration of the loop has for itself? */
bool nest_has_own_memory(const Node *loop, const Node *block, const Node *but);

/* Checks every concurrent loop of func again, after blocks and buffers have moved. */
bool nest_recheck(Step *s, const Node *func);

/* Says which loops of a block's nest that were parallel, on a thread axis … are lost: all, or
** beside `now` those of other names; those built anew are serial, an axis of one value has none. */
void nest_say_kinds_gone(Step *s, const Path *before, const Path *now);

#endif
