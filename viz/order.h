/* order.h -- in which order a loop nest visits the points of a block.
**
** Two axes of the block span a grid; the nest around the block is run, without computing anything,
** and each visit is numbered.  An 8 x 8 nest whose y and x were split by 2 and reordered to yo, xo,
** yi, xi gives
**
**       1  2  5  6  9 10 13 14
**       3  4  7  8 11 12 15 16
**      17 18 21 22 25 26 29 30
**      …
**
** A grid that is larger than what is shown is numbered whole, up to ORDER_MAX_POINTS.
**
** Numbers count within what runs in sequence: each iteration of a parallel loop or of GPU block
** axes (a chunk) starts from 1, and so does each GPU thread.  The block's other axes stay at one
** value, 0 unless said otherwise.
*/
#ifndef VIZ_ORDER_H
#define VIZ_ORDER_H

#include "core/ir/ir.h"

enum { ORDER_MAX_SIDE = 64, ORDER_MAX_FIXED = 16, ORDER_MAX_POINTS = 16384 };

typedef struct OrderAsk {
    /* NULL: one that has the axes asked for, as written rather than made by a step, and of these
    ** the first inside the most loops */
    const char *block;
    const char *row; /* axis that goes down, NULL: the last spatial axis but one; or "C/y" */
    const char *col; /* axis that goes across, NULL: the last spatial axis; or "C/x" */
    size_t nfixed;   /* values for other axes */
    const char *fixed_axis[ORDER_MAX_FIXED];
    int64_t fixed_value[ORDER_MAX_FIXED];
    /* Larger grids are cropped to their first rows and columns; at most ORDER_MAX_SIDE */
    int max_rows, max_cols;
} OrderAsk;

typedef struct OrderCell {
    int64_t number; /* of the first visit, from 1; 0: never visited */
    int64_t visits; /* more than 1: computed again */
    int chunk;      /* which iteration of the parallel and GPU block loops; from 0 */
    int64_t thread; /* x + y * extent of x + …; 0 without thread axes */
    int64_t lanes;  /* which vector step */
} OrderCell;

typedef struct OrderVisit {
    int row, col;
    int64_t number, lanes;
    int64_t inner; /* which iteration of the loops inside the vectorized one */
    int chunk;
    int64_t thread;
    bool again; /* this point was computed before */
} OrderVisit;

typedef struct OrderLoop {
    const char *name;
    const char *extent;
    ForKind kind;
} OrderLoop;

typedef struct Order {
    const char *block, *row, *col; /* row is NULL where the block has one axis */
    int rows, cols;                /* shown */
    int64_t row_min, col_min;      /* what the first row and column stand for */
    int64_t all_rows, all_cols;    /* of the whole grid */
    OrderCell *cell;               /* rows * cols, row by row */
    size_t nvisits;
    OrderVisit *visit; /* in the order of a single thread */
    size_t nloops;
    OrderLoop *loop;   /* around the block, outermost first */
    const char *fixed; /* "k = 0", or "" */
    /* Of a part: "yo and xo", loops whose first iteration computes all that is shown; or "" */
    const char *first;
    int chunks;
    bool parallel, blocks, threads, vectors; /* kinds of loops around the block */
    int64_t most_visits;
    bool stopped; /* gave up counting after ORDER_MAX_WORK loop iterations */
    bool counted; /* numbers count the whole grid, not only what is shown */
    bool guessed; /* a condition depends on data and was taken to hold */
} Order;

enum { ORDER_MAX_WORK = 4000000 };

/* Errors: order_block, order_two_blocks, order_axis, order_no_axes, order_data, interrupted. */
bool order_of(Arena *A, const Node *func, const OrderAsk *ask, Order *out, Err *err);

static inline const OrderCell *order_cell(const Order *o, int row, int col)
{
    return &o->cell[row * o->cols + col];
}

/* Are two points computed in one vector step? */
static inline bool order_joined(const Order *o, const OrderCell *a, const OrderCell *b)
{
    return o->vectors && a->number && b->number && a->lanes == b->lanes;
}

/* Are two points computed in chunks of their own? */
static inline bool order_parted(const OrderCell *a, const OrderCell *b)
{
    return a->number && b->number && a->chunk != b->chunk;
}

/* Which part of the grid is shown, and what its numbers count; "" where it is the whole. */
const char *order_part(Arena *A, const Order *o);

/* What the reader of a picture has to know beside the numbers, of what is in it: one sentence a
** line, "" if nothing.  Text marks things otherwise than a drawing does. */
const char *order_notes(Arena *A, const Order *o, bool drawn);

#endif
