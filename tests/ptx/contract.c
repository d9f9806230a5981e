/* contract.c -- products and sums that may be rounded once.
**
** mul.f32, add.f32 and sub.f32 without a rounding modifier "may be optimized aggressively": ptxas
** makes an fma of a product and a sum of it.  Such a pair has two values, and no program of ours
** wants either left to chance.
*/
#include <stdlib.h>

#include "tests/ptx/reader.h"

static bool unsaid(const PtxInst *i)
{
    return ptx_type[i->type].kind == KIND_FLOAT && !(i->modifiers & M(rn)) &&
           i->op->act == ACT_VALUE;
}

void refuse_contraction(Reader *r)
{
    PtxFunc *f = r->f;
    int *product =
        calloc(f->nregs + 1, sizeof *product); /* the line of one that is in the register */
    if (!product)
        abort();
    for (size_t k = 0; k < f->ninsts && !r->why[0]; k++) {
        const PtxInst *i = &f->inst[k];
        if (i->op->value == ptx_float_mul && unsaid(i))
            product[i->x[0].reg] = i->line;
    }
    for (size_t k = 0; k < f->ninsts && !r->why[0]; k++) {
        const PtxInst *i = &f->inst[k];
        bool sum = i->op->value == ptx_float_add || i->op->value == ptx_float_sub;
        for (int o = 1; sum && unsaid(i) && o < 3; o++)
            if (i->x[o].form == FORM_register && product[i->x[o].reg])
                refuse(r, i->line, "this sum may be one rounding with the product of line %d",
                       product[i->x[o].reg]);
    }
    free(product);
}
