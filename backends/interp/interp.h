/* interp.h -- the rows of the interpreters in the table of backends. */
#ifndef BACKENDS_INTERP_INTERP_H
#define BACKENDS_INTERP_INTERP_H

#include "backends/backend.h"

extern const Backend interp_backend, check_backend;

#endif
