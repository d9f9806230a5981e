/* unset.c -- bits that nobody wrote, on their way through operations.
**
** A register of which half is never written is in order: LLVM packs 16 bits and what does not
** matter into one of 32.  So it is bits that are unset, and no fault before something depends on
** them: a branch, an address, what goes to global memory that is relied on.
*/
#include "tests/ptx/machine.h"

/* Operations that put bits elsewhere, and do the same to the marks of these; the first `moved`
** operands are what is put, the others say where. */
static const struct {
    PtxValueFn *fn;
    int moved;
} movers[] = {{ptx_int_shl, 1},  {ptx_int_shr, 1}, {ptx_int_bfe, 1},    {ptx_int_bfi, 2},
              {ptx_int_prmt, 2}, {ptx_select, 2},  {ptx_int_of_int, 1}, {ptx_int_not, 0}};

static uint64_t of_mover(const PtxInst *i, const Value *x, int moved, uint64_t any)
{
    uint64_t marks[MOST_OPERANDS];
    if (i->op->value == ptx_int_not)
        return any;
    for (int k = 0; k < i->n - 1; k++) {
        if (k >= moved && x[k].unset)
            return UINT64_MAX;
        marks[k] = k < moved ? x[k].unset : x[k].v;
    }
    return i->op->value(i, marks);
}

uint64_t unset_bits(const PtxInst *i, const Value *x)
{
    PtxValueFn *fn = i->op->value;
    uint64_t any = 0;
    for (int k = 0; k < i->n - 1; k++)
        any |= x[k].unset;
    if (!any)
        return 0;
    for (size_t k = 0; k < sizeof movers / sizeof *movers; k++)
        if (movers[k].fn == fn)
            return of_mover(i, x, movers[k].moved, any);
    if (fn == ptx_int_and) /* a 0 settles it */
        return any & (x[0].v | x[0].unset) & (x[1].v | x[1].unset);
    if (fn == ptx_int_or) /* so does a 1 */
        return any & (~x[0].v | x[0].unset) & (~x[1].v | x[1].unset);
    if (fn == ptx_int_xor)
        return any;
    if (fn == ptx_int_add || fn == ptx_int_sub || fn == ptx_int_mul || fn == ptx_int_mad)
        return any | (0 - any); /* upward from the lowest */
    return UINT64_MAX;
}
