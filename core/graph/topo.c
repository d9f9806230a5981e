/* topo.c -- a walk in depth first order. */
#include "core/graph/topo.h"

typedef enum State { NEW, OPEN, DONE } State;

bool topo_order(Arena *A, uint32_t n, TopoNeeds *needs, void *env, uint32_t *order, uint32_t *stuck)
{
    uint8_t *state = ARENA_ARRAY(A, uint8_t, n + 1);
    uint32_t *stack = ARENA_ARRAY(A, uint32_t, n + 1), *next = ARENA_ARRAY(A, uint32_t, n + 1);
    uint32_t depth = 0, placed = 0;
    for (uint32_t k = 0; k < n; k++) {
        if (state[k] != NEW)
            continue;
        stack[depth++] = k;
        state[k] = OPEN;
        while (depth) {
            uint32_t at = stack[depth - 1];
            int64_t before = needs(env, at, next[at]++);
            if (before >= 0 && state[before] == OPEN) {
                *stuck = at;
                return false;
            }
            if (before >= 0 && state[before] == NEW) {
                stack[depth++] = (uint32_t)before;
                state[before] = OPEN;
            } else if (before == TOPO_END) {
                state[at] = DONE;
                order[placed++] = at;
                depth--;
            }
        }
    }
    return true;
}
