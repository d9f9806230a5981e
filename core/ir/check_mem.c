/* check_mem.c -- memory of the checking interpreter, and the checks of one access. */
#include "core/ir/begin.h"
#include "core/ir/check_impl.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/memory.h"

Memory *check_memory(Checker *c, const Node *buffer)
{
    Memory *m = arena_alloc(c->A, sizeof *m);
    m->buffer = buffer;
    m->copies = arena_alloc(c->A, sizeof *m->copies);
    m->ncopies = 1;
    node_map_put(&c->map, buffer, m);
    return m;
}

bool check_room(Checker *c, const Node *buffer, Copy *copy, bool reuse)
{
    size_t size = dtype_bytes((DType)buffer->type), count = 1, bytes;
    bool fits = true;
    double asked = (double)(size + sizeof(Record));
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        fits &= !__builtin_mul_overflow(count, (size_t)copy->extent[d], &count);
        asked *= (double)copy->extent[d];
    }
    fits &= !__builtin_mul_overflow(count, size + sizeof(Record), &bytes);
    if (fits && count <= copy->capacity && copy->records) {
        if (!reuse)
            memset(copy->records, 0, count * sizeof *copy->records);
        for (size_t i = 0; reuse && i < count; i++)
            copy->records[i].defined = false;
        return true;
    }
    if (!fits || bytes > c->bytes_left ||
        ((int64_t)bytes >= MEMORY_SMALL && (int64_t)bytes > memory_free())) {
        c->failed = true;
        return REFUSE(c->err, alloc_too_big, buffer, ir_buf_name(buffer), asked / (1 << 20));
    }
    c->bytes_left -= bytes;
    copy->records = ARENA_ARRAY(c->A, Record, count);
    copy->capacity = count;
    if (!copy->outside)
        copy->data = arena_alloc(c->A, count * size);
    return true;
}

/* ---- what a failure says ---- */

typedef struct Element {
    Memory *m;
    size_t copy;
    const Node *node;
    size_t n;
    int64_t index[IR_MAX_RANK];
    size_t flat;
} Element;

static const char *element_text(Checker *c, const Element *e)
{
    Buf out = buf_new(c->A);
    buf_printf(&out, "%s[", ir_buf_name(e->m->buffer));
    for (size_t d = 0; d < e->n; d++)
        buf_printf(&out, "%s%lld", d ? ", " : "", (long long)e->index[d]);
    buf_putc(&out, ']');
    return buf_str(&out);
}

static bool stop(Checker *c)
{
    check_loops(c, c->loops, sizeof c->loops);
    if (c->loops[0])
        err_witness(c->err, "%s", c->loops);
    c->failed = true;
    return false;
}

static bool outside(Checker *c, const Element *e, const Copy *copy, size_t d, bool writes)
{
    const char *verb = writes ? "writes" : "reads", *what = element_text(c, e);
    long long first = copy->min[d], last = copy->min[d] + copy->extent[d] - 1;
    if (e->m->windowed)
        FAIL(c->err, outside_window, e->node, check_place(c), verb, what, d, first, last);
    else
        FAIL(c->err, outside_buffer, e->node, check_place(c), verb, what, d, first, last);
    return stop(c);
}

static void remember(Checker *c, const Element *e, bool writes, bool other_writes, uint32_t from,
                     uint32_t until)
{
    c->writes = writes;
    c->conflict = (Wanted){.writes = other_writes,
                           .buffer = e->m->buffer,
                           .copy = e->copy,
                           .element = e->flat,
                           .from = from,
                           .until = until,
                           .not_thread = from + 1 == until ? MANY_THREADS : c->thread};
}

static const char *did(bool writes)
{
    return writes ? "written" : "read";
}

/* The same element in two iterations of a loop. */
static bool race(Checker *c, const Element *e, size_t level, bool writes, bool other_writes,
                 uint32_t time)
{
    remember(c, e, writes, other_writes, time, time + 1);
    const char *what = element_text(c, e), *loop = check_loop_name(c->levels[level].loop);
    ForKind kind = ir_for_kind(c->levels[level].loop->node);
    if (for_is_thread_axis(kind))
        FAIL(c->err, threads_conflict, e->node, loop, what, did(other_writes), did(writes), loop);
    else
        FAIL(c->err, iterations_conflict, e->node, loop, what, did(other_writes), did(writes),
             loop);
    return stop(c);
}

static bool unordered_threads(Checker *c, const Element *e, bool writes, bool other_writes,
                              uint32_t time, bool exact)
{
    remember(c, e, writes, other_writes, exact ? time : c->epoch + 1, exact ? time + 1 : c->now);
    FAIL(c->err, barrier_missing, e->node, element_text(c, e), did(other_writes), did(writes));
    return stop(c);
}

/* An element that nothing has written is read; true if that is no fault. */
static bool undefined(Checker *c, const Element *e, bool for_copy)
{
    for (size_t i = 0; e->m->per_thread && i < e->m->ncopies; i++) {
        const Copy *other = &e->m->copies[i];
        if (i != e->copy && e->flat < other->capacity && other->records[e->flat].defined) {
            FAIL(c->err, local_of_other_thread, e->node, check_place(c), element_text(c, e), i,
                 e->copy, ir_buf_name(e->m->buffer));
            return stop(c);
        }
    }
    if (for_copy)
        return c->copied_nothing = true;
    FAIL(c->err, undefined_read, e->node, check_place(c), element_text(c, e));
    ir_fix_unbegun(c->A, e->node, c->block ? c->block->node : NULL, c->err);
    return stop(c);
}

/* Shared and local memory is each thread block's own, and local memory each thread's: what another
** one wrote there is not seen. */
static bool against_writer(Checker *c, const Element *e, const Record *r)
{
    const char *name = ir_buf_name(e->m->buffer);
    Scope scope = e->m->buffer->at.buf->scope;
    if (!c->in_kernel || scope == SCOPE_global || !r->defined)
        return true;
    if (r->home != c->home)
        FAIL(c->err, copy_of_other_block, e->node, check_place(c), element_text(c, e), name);
    else if (scope == SCOPE_local && r->writer != c->thread)
        FAIL(c->err, local_of_other_thread, e->node, check_place(c), element_text(c, e),
             (size_t)r->writer, (size_t)c->thread, name);
    else
        return true;
    return stop(c);
}

/* ---- the checks ---- */

/* Has each iteration of that loop the element for itself?  Each block has shared memory, and each
** thread local memory, wherever it is allocated.  As the program is written there is one record for
** all copies, which does not tell them apart. */
static bool has_own_copies(const Checker *c, const Element *e, size_t level)
{
    ForKind kind = ir_for_kind(c->levels[level].loop->node);
    switch (e->m->buffer->at.buf->scope) {
    case SCOPE_local: return for_is_bound(kind) || (c->in_kernel && c->options->as_written);
    case SCOPE_shared: return for_is_block_axis(kind);
    default: return false;
    }
}

/* Is an access at time p one of another iteration of a loop that runs?  Then of which. */
static bool other_iteration(const Checker *c, const Element *e, uint32_t p, size_t *level)
{
    for (size_t i = 0; i < c->nlevels; i++)
        if (c->levels[i].start < p && p <= c->levels[i].begin && !has_own_copies(c, e, i))
            return *level = i, true;
    return false;
}

static bool other_thread(const Checker *c, uint32_t p, int32_t thread)
{
    return c->thread != NO_THREAD && p > c->epoch && thread != c->thread;
}

static bool against_write(Checker *c, const Element *e, const Record *r, bool writes)
{
    size_t level;
    if (r->written == 0)
        return true;
    if (other_iteration(c, e, r->written, &level))
        return race(c, e, level, writes, true, r->written);
    if (other_thread(c, r->written, r->writer))
        return unordered_threads(c, e, writes, true, r->written, true);
    return true;
}

static bool against_reads(Checker *c, const Element *e, const Record *r)
{
    for (size_t i = 0; i < c->nlevels; i++) {
        const Level *l = &c->levels[i];
        uint32_t q = r->read <= l->begin ? r->read : r->before[i];
        if (q > l->start && !has_own_copies(c, e, i))
            return race(c, e, i, true, false, q);
    }
    if (r->read && other_thread(c, r->read, r->reader))
        return unordered_threads(c, e, true, false, r->read, r->reader != MANY_THREADS);
    return true;
}

static void note_read(const Checker *c, Record *r)
{
    for (size_t i = 0; i < c->nlevels; i++)
        if (r->read <= c->levels[i].begin)
            r->before[i] = r->read;
    bool others = r->read && other_thread(c, r->read, r->reader);
    r->reader = others ? MANY_THREADS : c->thread;
    r->read = c->now;
}

/* In the second run: is this what we are looking for? */
static void look(const Checker *c, const Element *e, bool reads, bool writes)
{
    Wanted *w = c->wanted;
    if (e->m->buffer == w->buffer && e->copy == w->copy && e->flat == w->element &&
        c->now >= w->from && c->now < w->until && c->thread != w->not_thread &&
        (w->writes ? writes : reads))
        check_loops(c, w->loops, sizeof w->loops);
}

static bool locate(Checker *c, Element *e, const Copy *copy, const Code *const *index, bool writes)
{
    uint64_t flat = 0;
    size_t bad = e->n;
    for (size_t d = 0; d < e->n; d++) {
        e->index[d] = check_value(c, index[d]).i;
        uint64_t i = (uint64_t)e->index[d] - (uint64_t)copy->min[d];
        if (i >= (uint64_t)copy->extent[d] && bad == e->n)
            bad = d;
        flat = flat * (uint64_t)copy->extent[d] + i;
    }
    e->flat = (size_t)flat;
    if (c->failed)
        return false;
    return bad == e->n || outside(c, e, copy, bad, writes);
}

void *check_access(Checker *c, Memory *m, const Node *node, size_t n, const Code *const *index,
                   bool reads, bool writes)
{
    Element e = {.m = m,
                 .copy = m->per_thread && c->thread >= 0 ? (size_t)c->thread : 0,
                 .node = node,
                 .n = n};
    Copy *copy = &m->copies[e.copy];
    bool for_copy = c->copying;
    c->copying = false;
    if (c->failed || !locate(c, &e, copy, index, writes))
        return NULL;
    if (++c->now == UINT32_MAX) {
        c->failed = true;
        return FAIL(c->err, iterations_spent, node, (long long)c->now);
    }
    Record *r = &copy->records[e.flat];
    if (c->wanted)
        look(c, &e, reads, writes);
    if (!against_write(c, &e, r, writes) || (writes && !against_reads(c, &e, r)))
        return NULL;
    if (reads && !r->defined && !copy->given && !undefined(c, &e, for_copy))
        return NULL;
    if (reads && !against_writer(c, &e, r))
        return NULL;
    if (reads)
        note_read(c, r);
    if (writes) {
        r->written = c->now;
        r->writer = c->thread;
        r->home = c->home;
        r->defined = !c->copied_nothing;
        c->copied_nothing = false;
    }
    return copy->data + e.flat * dtype_bytes((DType)m->buffer->type);
}

bool check_complete(Checker *c, const Memory *m)
{
    const Copy *copy = &m->copies[0];
    Element e = {.m = (Memory *)(uintptr_t)m, .n = ir_rank(m->buffer)};
    for (size_t i = 0; i < copy->capacity; i++) {
        if (copy->records[i].defined)
            continue;
        for (size_t d = e.n, rest = i; d-- > 0; rest /= (size_t)copy->extent[d])
            e.index[d] = (int64_t)(rest % (size_t)copy->extent[d]);
        return REFUSE(c->err, never_written, m->buffer, element_text(c, &e));
    }
    return true;
}
