/* cancel.c -- the flag that asks long work to stop. */
#include "core/base/cancel.h"

atomic_int cancel_flag;

void cancel_ask_at(int n)
{
    atomic_store_explicit(&cancel_flag, -n, memory_order_relaxed);
}

bool cancel_counted(void)
{
    if (atomic_fetch_add_explicit(&cancel_flag, 1, memory_order_relaxed) != -1)
        return false;
    cancel_ask();
    return true;
}
