/* run.c -- the threads of a launch, one after the other from barrier to barrier. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/machine.h"

bool fault(Machine *m, const Thread *t, const PtxInst *i, PtxOutcome what, const char *fmt, ...)
{
    char where[96];
    va_list args;
    if (m->outcome != PTX_DONE)
        return false;
    m->outcome = what;
    snprintf(where, sizeof where, "line %d, %s, thread (%u, %u, %u) of block (%u, %u, %u)",
             i ? i->line : 0, i ? i->op->name : "the end", t->id[0], t->id[1], t->id[2],
             m->block[0], m->block[1], m->block[2]);
    int n = snprintf(m->why, PTX_WHY, "%s: ", where);
    va_start(args, fmt);
    vsnprintf(m->why + n, PTX_WHY - (size_t)n, fmt, args);
    va_end(args);
    return false;
}

/* ---- frames ---- */

enum { FRAME_ALIGN = 16 };

static size_t room(size_t bytes)
{
    return (bytes + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
}

static Frame *frame_new(const PtxFunc *f, Frame *up)
{
    size_t head = room(sizeof(Frame)), regs = room(f->nregs * sizeof(Value)),
           local = room(f->bytes[SPACE_local]), param = room(f->bytes[SPACE_param]);
    uint8_t *p = malloc(head + regs + 2 * local + 2 * param);
    if (!p)
        abort();
    Frame *frame = (Frame *)(void *)p;
    uint8_t *own = p + head + regs;
    *frame = (Frame){.up = up,
                     .f = f,
                     .reg = (Value *)(void *)(p + head),
                     .local = {own, own + local},
                     .param = {own + 2 * local, own + 2 * local + param}};
    return frame;
}

/* Nothing in it is set. */
static void frame_start(Frame *frame)
{
    const size_t *bytes = frame->f->bytes;
    uint8_t *own = frame->local.data;
    frame->next = 0;
    memset(frame->reg, 0xff, frame->f->nregs * sizeof(Value));
    memset(own, 0xff, 2 * room(bytes[SPACE_local]) + 2 * room(bytes[SPACE_param]));
}

static void frame_pop(Thread *t)
{
    Frame *frame = t->frame;
    t->frame = frame->up;
    free(frame);
}

/* ---- operands ---- */

static uint64_t special(const Machine *m, const Thread *t, uint64_t which)
{
    const uint32_t *const of[] = {t->id, m->launch->block, m->block, m->launch->grid};
    return of[which / 3][which % 3];
}

static Value get(const Machine *m, const Thread *t, const PtxOperand *o)
{
    Value x = {o->bits, 0};
    if (o->form == FORM_register)
        x = t->frame->reg[o->reg];
    else if (o->form == FORM_special)
        x.v = special(m, t, o->bits);
    return (Value){ptx_extend(x.v, o->as), ptx_extend(x.unset, o->as)};
}

/* Into a register that is wider the value goes as its type extends it. */
static void put(const Thread *t, const PtxOperand *o, Value x)
{
    unsigned bits = ptx_type[o->type].bits;
    if (o->form != FORM_nothing)
        t->frame->reg[o->reg] = (Value){ptx_low_bits(ptx_extend(x.v, o->as), bits),
                                        ptx_low_bits(ptx_extend(x.unset, o->as), bits)};
}

/* ---- instructions ---- */

static bool do_value(Machine *m, Thread *t, const PtxInst *i)
{
    uint64_t v[MOST_OPERANDS] = {0};
    Value x[MOST_OPERANDS];
    for (int k = 1; k < i->n; k++) {
        x[k - 1] = get(m, t, &i->x[k]);
        v[k - 1] = x[k - 1].v;
    }
    put(t, &i->x[0], (Value){i->op->value(i, v), unset_bits(i, x)});
    return true;
}

/* The whole and its parts, the lowest first. */
static bool do_move(Machine *m, Thread *t, const PtxInst *i)
{
    Value all = {0, 0};
    unsigned at = 0;
    if (i->holds == MOVE_SPLIT)
        all = get(m, t, &i->x[0]);
    for (int k = 1; k < i->n; k++) {
        unsigned bits = ptx_type[i->x[k].as].bits;
        if (i->holds == MOVE_SPLIT) {
            put(t, &i->x[k], (Value){all.v >> at, all.unset >> at});
        } else {
            Value part = get(m, t, &i->x[k]);
            all.v |= ptx_low_bits(part.v, bits) << at;
            all.unset |= ptx_low_bits(part.unset, bits) << at;
        }
        at += bits;
    }
    if (i->holds != MOVE_SPLIT)
        put(t, &i->x[0], all);
    return true;
}

static bool address_of(Machine *m, const Thread *t, const PtxInst *i, uint64_t *out)
{
    const PtxOperand *o = &i->x[0];
    Value base = o->form == FORM_based ? t->frame->reg[o->reg] : (Value){0, 0};
    *out = base.v + o->bits;
    return !base.unset || fault(m, t, i, PTX_FAULT, UNSET);
}

static bool do_load(Machine *m, Thread *t, const PtxInst *i)
{
    unsigned bytes = ptx_type[i->type].bits / 8;
    uint8_t data[16], unset[16];
    uint64_t address;
    if (!address_of(m, t, i, &address) ||
        !memory_read(m, t, i, address, bytes * (i->n - 1u), (Bytes){data, unset}))
        return false;
    for (int k = 1; k < i->n; k++) {
        Value x = {0, 0};
        memcpy(&x.v, data + bytes * (unsigned)(k - 1), bytes);
        memcpy(&x.unset, unset + bytes * (unsigned)(k - 1), bytes);
        put(t, &i->x[k], x);
    }
    return true;
}

static bool do_store(Machine *m, Thread *t, const PtxInst *i)
{
    unsigned bytes = ptx_type[i->type].bits / 8;
    uint8_t data[16], unset[16];
    uint64_t address;
    for (int k = 1; k < i->n; k++) {
        Value x = get(m, t, &i->x[k]);
        memcpy(data + bytes * (unsigned)(k - 1), &x.v, bytes);
        memcpy(unset + bytes * (unsigned)(k - 1), &x.unset, bytes);
    }
    return address_of(m, t, i, &address) &&
           memory_write(m, t, i, address, bytes * (i->n - 1u), (Bytes){data, unset});
}

static void copy(Bytes to, uint64_t at, Bytes from, uint64_t there, size_t bytes)
{
    memcpy(to.data + at, from.data + there, bytes);
    memcpy(to.unset + at, from.unset + there, bytes);
}

static bool do_call(Machine *m, Thread *t, const PtxInst *i)
{
    const PtxFunc *f = &m->kernel->module->func[i->target];
    Frame *frame = frame_new(f, t->frame);
    frame_start(frame);
    for (size_t k = f->gives; k < f->nparams; k++) {
        if (i->x[k].reg != f->var[k].bytes) {
            free(frame);
            return fault(m, t, i, PTX_FAULT, "an argument of %s has another size", f->name);
        }
        copy(frame->param, f->var[k].at, t->frame->param, i->x[k].bits, f->var[k].bytes);
    }
    t->frame = frame;
    return true;
}

/* Back to after the call, with what the function gives. */
static bool do_return(Machine *m, Thread *t)
{
    const Frame *from = t->frame, *to = from->up;
    const PtxFunc *f = from->f;
    const PtxInst *call = &to->f->inst[to->next - 1];
    if (f->gives && call->x[0].reg != f->var[0].bytes)
        return fault(m, t, call, PTX_FAULT, "what %s gives has another size", f->name);
    if (f->gives)
        copy(to->param, call->x[0].bits, from->param, f->var[0].at, f->var[0].bytes);
    frame_pop(t);
    return true;
}

/* From wherever it is; its first frame stays for the next block. */
static bool end_thread(Thread *t)
{
    while (t->frame->up)
        frame_pop(t);
    t->frame->next = UINT32_MAX;
    return true;
}

static bool do_act(Machine *m, Thread *t, const PtxInst *i)
{
    switch (i->op->act) {
    case ACT_VALUE: return do_value(m, t, i);
    case ACT_MOVE: return do_move(m, t, i);
    case ACT_LOAD: return do_load(m, t, i);
    case ACT_STORE: return do_store(m, t, i);
    case ACT_GOTO: t->frame->next = i->target; return true;
    case ACT_WAIT: t->waits = i; return true;
    case ACT_CALL: return do_call(m, t, i);
    case ACT_RETURN: return t->frame->up ? do_return(m, t) : end_thread(t);
    case ACT_EXIT: return end_thread(t);
    case ACT_TRAP: return fault(m, t, i, PTX_FAULT, "the program gives up");
    }
    return false;
}

static bool is_over(const Thread *t)
{
    return t->frame->next == UINT32_MAX;
}

/* To the next barrier or the end. */
static bool run_thread(Machine *m, Thread *t)
{
    t->waits = NULL;
    while (!t->waits && !is_over(t)) {
        Frame *frame = t->frame;
        if (frame->next >= frame->f->ninsts)
            return fault(m, t, NULL, PTX_FAULT, "it runs past the end of %s", frame->f->name);
        const PtxInst *i = &frame->f->inst[frame->next++];
        if (m->left-- == 0)
            return fault(m, t, i, PTX_TOO_LONG, "it takes too many instructions");
        if (i->guard != NO_GUARD) {
            Value guard = frame->reg[i->guard];
            if (guard.unset)
                return fault(m, t, i, PTX_FAULT, UNSET);
            if ((guard.v != 0) == i->unless)
                continue;
        }
        if (!do_act(m, t, i))
            return false;
    }
    return true;
}

/* ---- blocks ---- */

/* All wait at one barrier, or all are done. */
static bool agree_to_wait(Machine *m, bool *waits)
{
    const Thread *first = &m->thread[0];
    *waits = first->waits != NULL;
    for (uint32_t k = 1; k < m->nthreads; k++) {
        const Thread *t = &m->thread[k], *waiting = t->waits ? t : first;
        if (t->waits != first->waits)
            return fault(m, waiting, waiting->waits, PTX_FAULT,
                         "thread %u does not come to this barrier", waiting == t ? 0 : k);
    }
    return true;
}

static void start_block(Machine *m)
{
    size_t bytes = m->kernel->bytes[SPACE_shared];
    m->first_epoch = ++m->epoch;
    memset(m->shared.data, 0xff, bytes);
    memset(m->shared.unset, 0xff, bytes);
    memset(m->shared_marks, 0, bytes * sizeof *m->shared_marks);
    for (uint32_t k = 0; k < m->nthreads; k++) {
        Frame *frame = m->thread[k].frame;
        frame_start(frame);
        for (size_t p = 0; p < m->kernel->nparams; p++) {
            const PtxVar *v = &m->kernel->var[p];
            memcpy(frame->param.data + v->at, m->launch->arguments[p], v->bytes);
            memset(frame->param.unset + v->at, 0, v->bytes);
        }
    }
}

static bool run_block(Machine *m)
{
    bool waits = true;
    start_block(m);
    while (waits) {
        for (uint32_t k = 0; k < m->nthreads; k++)
            if (!run_thread(m, &m->thread[m->backward ? m->nthreads - 1 - k : k]))
                return false;
        if (!agree_to_wait(m, &waits))
            return false;
        m->epoch++;
    }
    return true;
}

static void run_grid(Machine *m)
{
    const unsigned *grid = m->launch->grid;
    uint64_t blocks = (uint64_t)grid[0] * grid[1] * grid[2];
    bool ok = true;
    for (uint64_t k = 0; ok && k < blocks; k++) {
        uint64_t b = m->backward ? blocks - 1 - k : k;
        m->block[0] = (uint32_t)(b % grid[0]);
        m->block[1] = (uint32_t)(b / grid[0] % grid[1]);
        m->block[2] = (uint32_t)(b / grid[0] / grid[1]);
        ok = run_block(m);
    }
}

/* ---- launches ---- */

static void *need(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);
    if (!p)
        abort();
    return p;
}

static void start(Machine *m)
{
    const unsigned *block = m->launch->block;
    size_t shared = m->kernel->bytes[SPACE_shared];
    m->thread = need(m->nthreads, sizeof *m->thread);
    m->shared = (Bytes){need(shared, 1), need(shared, 1)};
    m->shared_marks = need(shared, sizeof(Mark));
    m->marks = need(m->launch->nmemory, sizeof(Mark *));
    for (uint32_t k = 0; k < m->nthreads; k++)
        m->thread[k] = (Thread){
            .frame = frame_new(m->kernel, NULL),
            .number = k,
            .id = {k % block[0], k / block[0] % block[1], k / block[0] / block[1]},
        };
}

static void finish(Machine *m)
{
    for (uint32_t k = 0; k < m->nthreads; k++)
        while (m->thread[k].frame)
            frame_pop(&m->thread[k]);
    for (size_t k = 0; k < m->launch->nmemory; k++)
        free(m->marks[k]);
    free(m->marks);
    free(m->shared_marks);
    free(m->shared.data);
    free(m->shared.unset);
    free(m->thread);
}

static PtxOutcome run(const PtxKernel *k, const PtxLaunch *l, const PtxSpan *memory, bool backward,
                      char *why)
{
    Machine m = {.kernel = k,
                 .launch = l,
                 .memory = memory,
                 .backward = backward,
                 .why = why,
                 .nthreads = l->block[0] * l->block[1] * l->block[2],
                 .left = l->most ? l->most : UINT64_MAX};
    start(&m);
    run_grid(&m);
    finish(&m);
    return m.outcome;
}

/* NULL of NULL. */
static void *copy_of(const void *data, size_t bytes)
{
    void *copy = data ? need(bytes, 1) : NULL;
    if (data && bytes)
        memcpy(copy, data, bytes);
    return copy;
}

/* Backward on a copy of memory, then forward on memory itself: of two threads at one place without
** a barrier, each comes after the other once. */
static PtxOutcome run_both_ways(const PtxKernel *k, const PtxLaunch *l, char *why)
{
    PtxSpan *memory = need(l->nmemory, sizeof *memory);
    for (size_t i = 0; i < l->nmemory; i++) {
        memory[i] = l->memory[i];
        memory[i].data = copy_of(l->memory[i].data, memory[i].bytes);
        memory[i].unset = copy_of(l->memory[i].unset, memory[i].bytes);
    }
    PtxOutcome outcome = run(k, l, memory, true, why);
    if (outcome == PTX_DONE)
        outcome = run(k, l, l->memory, false, why);
    for (size_t i = 0; i < l->nmemory; i++) {
        free(memory[i].data);
        free(memory[i].unset);
    }
    free(memory);
    return outcome;
}

PtxOutcome ptx_launch(const PtxKernel *k, const PtxLaunch *l, char why[PTX_WHY])
{
    uint64_t threads = 1;
    why[0] = '\0';
    for (int d = 0; d < 3; d++) {
        threads *= l->block[d];
        if (!l->block[d] || !l->grid[d] || l->block[d] > (d < 2 ? 1024u : 64u) ||
            l->grid[d] > (d ? 65535u : 0x7fffffffu)) {
            snprintf(why, PTX_WHY, "there is no grid or block of such a size");
            return PTX_NOT_LAUNCHED;
        }
    }
    if (threads <= k->most_threads)
        return run_both_ways(k, l, why);
    snprintf(why, PTX_WHY, "%s is for blocks of at most %llu threads", k->name,
             (unsigned long long)k->most_threads);
    return PTX_NOT_LAUNCHED;
}
