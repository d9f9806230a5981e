/* cancel.c -- the flag that asks long work to stop. */
#include "core/base/cancel.h"

atomic_int cancel_flag;
