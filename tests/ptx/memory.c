/* memory.c -- addresses: which memory they mean, and who was there before. */
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/machine.h"

/* What an address means. */
typedef struct Place {
    Bytes at;
    Mark *marks; /* NULL where one thread alone comes */
} Place;

/* Did another thread come here since the last barrier, or another block at all? */
static bool is_others(const Machine *m, const Thread *t, Mark by)
{
    if (!by.epoch || (by.epoch == m->epoch && by.thread == t->number))
        return false;
    return by.epoch < m->first_epoch || by.epoch == m->epoch;
}

static bool find_global(Machine *m, uint64_t address, unsigned bytes, Place *out)
{
    for (size_t k = 0; k < m->launch->nmemory; k++) {
        const PtxSpan *s = &m->memory[k];
        uint64_t offset = address - s->address;
        if (address < s->address || offset > s->bytes || bytes > s->bytes - offset)
            continue;
        if (!m->marks[k] && !(m->marks[k] = calloc(s->bytes, sizeof(Mark))))
            abort();
        *out = (Place){{(uint8_t *)s->data + offset, s->unset ? s->unset + offset : NULL},
                       m->marks[k] + offset};
        return true;
    }
    return false;
}

/* Shared, local and param: inside one variable of the function. */
static bool find_own(const Machine *m, const Thread *t, PtxSpace space, uint64_t address,
                     unsigned bytes, Place *out)
{
    const PtxFunc *f = space == SPACE_shared ? m->kernel : t->frame->f;
    const Bytes *own = space == SPACE_shared  ? &m->shared
                       : space == SPACE_local ? &t->frame->local
                                              : &t->frame->param;
    for (size_t k = 0; k < f->nvars; k++) {
        const PtxVar *v = &f->var[k];
        uint64_t offset = address - v->at;
        if (v->space != space || address < v->at || offset > v->bytes || bytes > v->bytes - offset)
            continue;
        uint64_t at = address - (space == SPACE_param ? 0 : SPACE_START);
        *out = (Place){{own->data + at, own->unset + at},
                       space == SPACE_shared ? m->shared_marks + at : NULL};
        return true;
    }
    return false;
}

static bool find(Machine *m, const Thread *t, const PtxInst *i, uint64_t address, unsigned bytes,
                 Place *out)
{
    PtxSpace space = i->space;
    uint64_t own = address;
    if (address & (bytes - 1))
        return fault(m, t, i, PTX_BAD_ALIGNMENT, "%u bytes at %#llx are not aligned", bytes,
                     (unsigned long long)address);
    if (space == SPACE_generic && address - SHARED_WINDOW < WINDOW_BYTES) {
        own -= SHARED_WINDOW;
        space = SPACE_shared;
    } else if (space == SPACE_generic && address - LOCAL_WINDOW < WINDOW_BYTES) {
        own -= LOCAL_WINDOW;
        space = SPACE_local;
    }
    bool global = space == SPACE_generic || space == SPACE_global;
    return (global ? find_global(m, address, bytes, out)
                   : find_own(m, t, space, own, bytes, out)) ||
           fault(m, t, i, PTX_BAD_ADDRESS, "%u bytes at %#llx are in no %s", bytes,
                 (unsigned long long)address, global ? "allocation" : "variable");
}

bool memory_read(Machine *m, const Thread *t, const PtxInst *i, uint64_t address, unsigned bytes,
                 Bytes to)
{
    Place p;
    if (!find(m, t, i, address, bytes, &p))
        return false;
    for (unsigned k = 0; k < bytes; k++) {
        bool racing = p.marks && is_others(m, t, p.marks[k]);
        to.data[k] = p.at.data[k];
        to.unset[k] = racing ? 0xff : p.at.unset ? p.at.unset[k] : 0;
    }
    return true;
}

/* Who writes what is there already does no harm. */
bool memory_write(Machine *m, const Thread *t, const PtxInst *i, uint64_t address, unsigned bytes,
                  Bytes from)
{
    Place p;
    if (!find(m, t, i, address, bytes, &p))
        return false;
    for (unsigned k = 0; k < bytes; k++) {
        bool changes = from.data[k] != p.at.data[k];
        if (!p.at.unset && from.unset[k])
            return fault(m, t, i, PTX_FAULT, UNSET);
        if (changes && p.marks && is_others(m, t, p.marks[k]))
            return fault(m, t, i, PTX_FAULT, "thread %u wrote there and no barrier stands between",
                         p.marks[k].thread);
        p.at.data[k] = from.data[k];
        if (p.at.unset)
            p.at.unset[k] = from.unset[k];
        if (p.marks)
            p.marks[k] = (Mark){m->epoch, t->number};
    }
    return true;
}
