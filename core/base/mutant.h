/* mutant.h -- mistakes planted on purpose, to see that the tests find them.
**
**      if (MUTANT(split_guard_missing, product != extent, false))
**
** MUTANT(name, good, bad) is `good` in the product.  The differential tester (tests/diff) compiles
** the same sources with TVMREPL_MUTANTS defined, and there it is `bad` while the mutant of that
** name is chosen.  Names are rows of mutants.def.
*/
#ifndef CORE_BASE_MUTANT_H
#define CORE_BASE_MUTANT_H

extern int mutant_on; /* the chosen one; only tests/diff defines it */

#ifdef TVMREPL_MUTANTS
enum {
    MUTANT_none,
#define MUTANT_ROW(name, doc) MUTANT_##name,
#include "core/base/mutants.def"
};
#define MUTANT(name, good, bad) (mutant_on == MUTANT_##name ? (bad) : (good))
#else
#define MUTANT(name, good, bad) (good)
#endif

#endif
