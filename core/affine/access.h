/* access.h -- the accesses of a piece of program, their indices as sums over loops.
**
** What legality asks is about pairs of accesses: which iterations touch one element.  An index is
** kept as a Form, a constant and multiples of atoms; an atom is a loop or the quotient of a Form by
** a literal (a remainder is e - n*(e//n)).  Axes of blocks are put in terms of the loops around.
** What is not such a sum, or might not fit 60 bits, is an index of which nothing is known.
** Gathering takes about a microsecond a block, and no memory beside the Accesses, which are large:
** one stands on the stack of who asks.
*/
#ifndef CORE_AFFINE_ACCESS_H
#define CORE_AFFINE_ACCESS_H

#include "core/ir/ir.h"

enum {
    ACC_ATOMS = 96,
    ACC_TERMS = 2048,
    ACC_FORMS = 512,
    ACC_PLACES = 64,
    ACC_TOUCHES = 192,
    ACC_LOOPS = 40,
    FORM_TERMS = 24
};

typedef struct FormTerm {
    int64_t c; /* not 0 */
    int atom;
} FormTerm;

/* c0 + the terms, whose value is within [lo, hi]. */
typedef struct Form {
    int64_t c0, lo, hi;
    int first, n; /* in Accesses.term */
    bool known;
} Form;

typedef struct FormAtom {
    const Node *loop; /* a For, or NULL for base // divisor */
    Form base;
    int64_t divisor;
    int64_t lo, hi;
} FormAtom;

/* lo <= form <= hi */
typedef struct FormLimit {
    int form;
    int64_t lo, hi;
} FormLimit;

/* A Store or an Update; or an If, a For or a Block whose condition, extent or axes read what is
** written here, which they do however it is decided.  It runs only where its limits hold. */
typedef struct Place {
    const Node *stmt, *block; /* block: NULL outside every block */
    /* Of the Store or Update in the order of the text; -1 for what decides */
    int number;
    /* It is the init of the block, and runs where the reduce axes are 0 */
    bool init;
    int loop[ACC_LOOPS], nloops; /* atoms of the loops around, outermost first */
    int first_axis, naxes;       /* forms of the values of the block's axes */
    int first_limit, nlimits;    /* its guards; of an init also that the reduce axes are 0 */
} Place;

typedef enum TouchKind { TOUCH_READ, TOUCH_STORE, TOUCH_UPDATE } TouchKind;

typedef struct Touch {
    const Node *buffer;
    int place; /* touches stand in the order of the text, those of one place together */
    TouchKind kind;
    int first_form; /* one for each dimension */
} Touch;

typedef struct Accesses {
    int natoms, nterms, nforms, nplaces, nstores, ntouches, nlimits, nallocs;
    bool full; /* there was no room for all */
    FormAtom atom[ACC_ATOMS];
    FormTerm term[ACC_TERMS];
    Form form[ACC_FORMS];
    FormLimit limit[ACC_FORMS];
    Place place[ACC_PLACES];
    Touch touch[ACC_TOUCHES];
    struct {
        const Node *buffer;
        int nloops; /* around its Alloc */
    } alloc[ACC_PLACES];
} Accesses;

/* The accesses below `stmt`, which stands in `func`; loops around it count.  Of buffers that
** nothing below writes none are noted.  False (and out->full) if there are more than fit. */
bool access_gather(const Node *func, const Node *stmt, Accesses *out);

/* How many loops are around both. */
int access_common(const Place *p, const Place *q);

/* The number of loops around the Alloc of the buffer, if that stands below; 0 else. */
int access_scope(const Accesses *a, const Node *buffer);

#endif
