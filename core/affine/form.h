/* form.h -- building the Forms of Accesses: for access.c and form.c.
**
**      FormEnv v = {.out = acc};
**      int y = form_of_loop(&v, loop);          an atom; the loop's Var is bound to it
**      int f = form_of(&v, index);              out->form[f]: 8*y + 3, or not known
*/
#ifndef CORE_AFFINE_FORM_H
#define CORE_AFFINE_FORM_H

#include "core/affine/access.h"

enum { ENV_VARS = 96 };

/* Constants and terms together are no greater than this, so that what distance.c makes of two sums
** fits int64. */
#define FORM_FAR (INT64_C(1) << 60)

typedef struct FormBinding {
    const Node *var;
    int form;
} FormBinding;

/* What the variables in scope stand for. */
typedef struct FormEnv {
    Accesses *out;
    FormBinding at[ENV_VARS];
    int n;
} FormEnv;

/* Notes that something did not fit: 0, which is an index that is there. */
int form_no_room(Accesses *a);

/* The number of a new form of `e`; of a - b, or -1 where that is not known. */
int form_of(FormEnv *v, const Node *e);
int form_of_difference(FormEnv *v, const Node *a, const Node *b);

/* A new atom for the loop, whose Var is bound to it from now on. */
int form_of_loop(FormEnv *v, const Node *loop);
void form_bind(FormEnv *v, const Node *var, int form);

#endif
