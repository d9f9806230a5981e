/* access.c -- loads and stores: one element, a run, a fixed pattern of lanes, or
** wherever each lane says.
**
** The pattern of a vector access is known where its index is affine, and then no gather is needed:
** a pattern within a short span is read by one or two wide loads and a shuffle, one of several runs
** by a load for each.  Wide loads touch only elements between the first and the last that the
** program reads, so they stay inside the buffer.
*/
#include "backends/llvm/emit/gen.h"

#include "core/base/integer.h"
#include "core/base/mutant.h"

/* The greatest power of two that divides v and is at most `most`. */
static unsigned low_bit(uint64_t v, unsigned most)
{
    uint64_t bit = v & (0 - v);
    return v == 0 || bit > most ? most : (unsigned)bit;
}

/* ---- where ---- */

/* Are all lanes known to be from 0 to n-1? */
static bool is_within(Gen *g, const Node *index, const Affine *part, int64_t n)
{
    int64_t lo, hi;
    bool known = part ? affine_range(g, part, &lo, &hi) : gen_range(g, index, &lo, &hi);
    return known && lo >= 0 && hi < n;
}

/* The same for one that is no more than a part of a flat index.  Its affine form, of which nothing
** else is wanted, is made only where lanes differ: what they reach is known by it alone. */
static bool part_is_within(Gen *g, const Node *index, int64_t n)
{
    Affine part;
    return is_within(g, index, NULL, n) ||
           (g->lanes > 1 && affine_of(g, index, &part) && is_within(g, index, &part, n));
}

static LLVMValueRef lane_index(Gen *g, LLVMValueRef sum, const Node *index, int64_t stride)
{
    LLVMValueRef v = gen_as_vector(g, gen_expr(g, index));
    if (stride != 1)
        v = LLVMBuildMul(g->b, v, gen_splat(g, gen_i64(g, stride), g->lanes), "");
    return sum ? LLVMBuildAdd(g->b, sum, v, "") : v;
}

/* Element  a + p->index  of the buffer: the dimensions one by one, but those that are digits of one
** number together.  Clears p->inside unless all lanes are known to be inside. */
static void add_indices(Gen *g, const Node *buffer, const Node *const *index, Affine *a, Place *p)
{
    size_t rank = ir_rank(buffer);
    int64_t stride[IR_MAX_RANK], extent[IR_MAX_RANK], elements = 1;
    for (size_t d = rank; d-- > 0; elements = wrap_mul(elements, extent[d])) {
        extent[d] = d == rank - 1 && p->buf->row ? p->buf->row : ir_dim(buffer, d);
        stride[d] = elements;
    }
    for (size_t d = rank, first; d > 0; d = first) {
        first = d;
        Affine part;
        const Node *flat = affine_flat(g, index, stride, &first);
        for (size_t i = first; i < d; i++)
            p->inside &= part_is_within(g, index[i], extent[i]);
        const Node *e = flat ? flat : index[--first];
        bool plain = affine_of(g, e, &part);
        if (!flat)
            p->inside &= is_within(g, e, plain ? &part : NULL, extent[first]);
        if (plain)
            affine_add(g, a, &part, stride[d - 1]);
        else
            p->index = lane_index(g, p->index, e, stride[d - 1]);
    }
}

/* Do the lanes that take no part only touch what lies between a row's end and the next? */
static bool idle_lanes_in_padding(Gen *g, const Node *buffer, const Node *index)
{
    Affine a;
    if (!gen_lanes_known(g) || !affine_of(g, index, &a) || a.n || !a.k)
        return false;
    for (unsigned i = 0; i < g->lanes; i++)
        if (!g->active[i] && wrap_add(a.c, a.k[i]) < ir_dim(buffer, ir_rank(buffer) - 1))
            return false;
    return true;
}

static LLVMTypeRef element(Gen *g, const Place *p)
{
    return gen_mem_type(g, (DType)p->buf->buffer->type);
}

Place gen_place(Gen *g, const Node *access, const Node *const *index)
{
    const Node *buffer = access->kid[0];
    int64_t bytes = (int64_t)dtype_bytes((DType)buffer->type);
    Affine a = {0};
    Place p = {.buf = gen_buffer(g, buffer), .inside = true};
    add_indices(g, buffer, index, &a, &p);
    p.align = p.buf->align;
    for (int i = 0; i < a.n; i++)
        p.align = low_bit((uint64_t)wrap_mul(a.term[i].coef, bytes), p.align);
    p.base = affine_sum(g, &a, p.buf->base, p.buf->level, bytes);
    p.c = a.c;
    p.k = a.k;
    p.ahead = a.n ? a.term[a.n - 1].coef : 0;
    p.late = p.index != NULL;
    if (p.index && g->lanes == 1) {
        p.base = LLVMBuildGEP2(g->b, element(g, &p), p.base, &p.index, 1, "");
        p.align = (unsigned)bytes;
        p.index = NULL;
    }
    p.padding =
        p.inside && p.buf->row && idle_lanes_in_padding(g, buffer, index[ir_rank(buffer) - 1]);
    return p;
}

Pattern place_pattern(const Gen *g, const Place *p)
{
    if (p->index)
        return PLACE_FREE;
    if (!p->k)
        return PLACE_ONE;
    for (unsigned i = 1; i < g->lanes; i++)
        if (p->k[i] != wrap_add(p->k[0], i))
            return PLACE_FIXED;
    return PLACE_RUN;
}

bool place_distinct(const Gen *g, const Place *p)
{
    if (p->index || !p->k)
        return false;
    bool ascending = true;
    for (unsigned i = 1; i < g->lanes; i++)
        ascending &= p->k[i] > p->k[i - 1];
    for (unsigned i = 1; !ascending && i < g->lanes; i++)
        for (unsigned j = 0; j < i; j++)
            if (p->k[i] == p->k[j])
                return false;
    return true;
}

static int64_t bytes_of(const Place *p, int64_t elements)
{
    return wrap_mul(elements, (int64_t)dtype_bytes((DType)p->buf->buffer->type));
}

unsigned place_align(const Place *p, int64_t more)
{
    return low_bit((uint64_t)bytes_of(p, wrap_add(p->c, more)), p->align);
}

LLVMValueRef place_pointer(Gen *g, const Place *p, int64_t more)
{
    int64_t at = bytes_of(p, wrap_add(p->c, more));
    LLVMValueRef offset = gen_i64(g, at);
    return at ? LLVMBuildGEP2(g->b, g->i8, p->base, &offset, 1, "") : p->base;
}

/* The pointers of all lanes. */
static LLVMValueRef pointers(Gen *g, const Place *p)
{
    LLVMValueRef index = p->index;
    if (p->k) {
        LLVMValueRef k = gen_const_lanes(g, g->i64, p->k, g->lanes);
        index = index ? LLVMBuildAdd(g->b, index, k, "") : k;
    }
    if (!index)
        return gen_splat(g, place_pointer(g, p, 0), g->lanes);
    return LLVMBuildGEP2(g->b, element(g, p), place_pointer(g, p, 0), &index, 1, "");
}

LLVMValueRef place_lane_pointer(Gen *g, const Place *p, unsigned lane)
{
    LLVMValueRef at = place_pointer(g, p, p->k ? p->k[lane] : 0);
    if (!p->index)
        return at;
    LLVMValueRef i = gen_lane(g, p->index, lane);
    return LLVMBuildGEP2(g->b, element(g, p), at, &i, 1, "");
}

/* ---- memory ---- */

/* In memory a truth value is a byte, true unless 0. */
static LLVMValueRef from_memory(Gen *g, DType t, LLVMValueRef v)
{
    if (t != DT_bool)
        return v;
    return LLVMBuildICmp(g->b, LLVMIntNE, v, LLVMConstNull(LLVMTypeOf(v)), "");
}

static LLVMValueRef to_memory(Gen *g, DType t, LLVMValueRef v, unsigned lanes)
{
    return t == DT_bool ? LLVMBuildZExt(g->b, v, gen_vector(g->i8, lanes), "") : v;
}

/* LLVM 19 reads 16 lanes of a byte by one instruction of a GPU, wherever they begin, and a GPU then
** faults unless they begin at a multiple of 16.  It reads 8 as they lie. */
static LLVMValueRef load_halves(Gen *g, DType t, LLVMValueRef pointer, unsigned align)
{
    int idx[16];
    LLVMValueRef half = gen_i64(g, 8), second = LLVMBuildGEP2(g->b, g->i8, pointer, &half, 1, "");
    LLVMValueRef low = mem_load(g, t, pointer, 8, align), high = mem_load(g, t, second, 8, align);
    for (int i = 0; i < 16; i++)
        idx[i] = i;
    return gen_shuffle(g, low, high, idx, 16);
}

LLVMValueRef mem_load(Gen *g, DType t, LLVMValueRef pointer, unsigned lanes, unsigned align)
{
    bool by_one = lanes != 16 || dtype_bytes(t) != 1 || align >= 16;
    if (g->target->gpu && !MUTANT(emit_bytes_unaligned, by_one, true))
        return load_halves(g, t, pointer, align < 8 ? align : 8);
    LLVMValueRef v = LLVMBuildLoad2(g->b, gen_vector(gen_mem_type(g, t), lanes), pointer, "");
    LLVMSetAlignment(v, align);
    return from_memory(g, t, v);
}

void mem_store(Gen *g, DType t, LLVMValueRef v, LLVMValueRef pointer, unsigned lanes,
               unsigned align)
{
    LLVMSetAlignment(LLVMBuildStore(g->b, to_memory(g, t, v, lanes), pointer), align);
}

static LLVMValueRef align_arg(Gen *g, unsigned align)
{
    return LLVMConstInt(g->i32, align, 0);
}

static LLVMValueRef all_lanes(Gen *g)
{
    return g->mask ? g->mask : gen_splat(g, LLVMConstInt(g->i1, 1, 0), g->lanes);
}

/* Does this lane take no part, whatever the conditions turn out to be? */
static bool lane_off(LLVMValueRef mask, unsigned lane)
{
    if (LLVMIsConstant(mask)) {
        LLVMValueRef bit = LLVMGetAggregateElement(mask, lane);
        return bit && LLVMIsNull(bit);
    }
    if (!LLVMIsAInstruction(mask))
        return false;
    if (LLVMGetInstructionOpcode(mask) == LLVMAnd)
        return lane_off(LLVMGetOperand(mask, 0), lane) || lane_off(LLVMGetOperand(mask, 1), lane);
    if (LLVMGetInstructionOpcode(mask) != LLVMShuffleVector)
        return false;
    LLVMValueRef first = LLVMGetOperand(mask, 0);
    int from = LLVMGetMaskValue(mask, lane), n = (int)LLVMGetVectorSize(LLVMTypeOf(first));
    if (from < 0)
        return false;
    return from < n ? lane_off(first, (unsigned)from)
                    : lane_off(LLVMGetOperand(mask, 1), (unsigned)(from - n));
}

static bool all_off(LLVMValueRef mask)
{
    for (unsigned i = 0; i < LLVMGetVectorSize(LLVMTypeOf(mask)); i++)
        if (!lane_off(mask, i))
            return false;
    return true;
}

/* How many of n lanes one masked instruction serves.  Without mask registers LLVM 19 cuts a longer
** one itself, and then takes a register whose lanes are all off for one whose lanes do not matter:
** it reads it all.  So each register gets its own, and those without a lane get none. */
static unsigned masked_lanes(const Gen *g, const Place *p, unsigned n)
{
    unsigned one = g->target->vector_bytes / (unsigned)bytes_of(p, 1);
    return g->target->masks || g->target->gpu || one < 2 || n < one ? n : one;
}

/* Lanes from .. from + n-1 of a vector of `all`. */
static LLVMValueRef lanes_part(Gen *g, LLVMValueRef v, unsigned from, unsigned n, unsigned all)
{
    int idx[MAX_LANES];
    for (unsigned i = 0; i < n; i++)
        idx[i] = (int)(from + i);
    return n == all ? v : gen_shuffle(g, v, NULL, idx, n);
}

/* ---- loads ---- */

static LLVMValueRef load_run(Gen *g, const Place *p, int64_t first, unsigned n)
{
    return mem_load(g, (DType)p->buf->buffer->type, place_pointer(g, p, first), n,
                    place_align(p, first));
}

static LLVMValueRef load_one(Gen *g, const Place *p)
{
    DType t = (DType)p->buf->buffer->type;
    LLVMValueRef at = place_pointer(g, p, 0);
    unsigned align = place_align(p, 0);
    if (g->mask && !p->inside) { /* where no lane needs it, read something harmless */
        LLVMValueRef needed = LLVMBuildAddrSpaceCast(g->b, at, g->ptr, "");
        at = LLVMBuildSelect(g->b, gen_any(g), needed, gen_spare(g), "");
        align = align < 8 ? align : 8;
    }
    return mem_load(g, t, at, 1, align);
}

static LLVMValueRef gather(Gen *g, const Place *p)
{
    DType t = (DType)p->buf->buffer->type;
    LLVMTypeRef type = gen_vector(element(g, p), g->lanes);
    LLVMValueRef at = pointers(g, p);
    LLVMValueRef args[] = {at, align_arg(g, (unsigned)dtype_bytes(t)), all_lanes(g),
                           LLVMConstNull(type)};
    return from_memory(
        g, t,
        gen_intrinsic(g, "llvm.masked.gather", 2, (LLVMTypeRef[]){type, LLVMTypeOf(at)}, 4, args));
}

static unsigned run_length(const int64_t *k, unsigned from, unsigned n)
{
    unsigned end = from + 1;
    while (end < n && k[end] == wrap_add(k[end - 1], 1))
        end++;
    return end - from;
}

/* v, of n lanes, as the first of `wide`; what the others are does not matter. */
static LLVMValueRef widen(Gen *g, LLVMValueRef v, unsigned n, unsigned wide)
{
    int idx[MAX_LANES];
    if (n == wide)
        return v;
    if (n == 1)
        return gen_splat(g, v, wide);
    for (unsigned i = 0; i < wide; i++)
        idx[i] = i < n ? (int)i : -1;
    return gen_shuffle(g, v, NULL, idx, wide);
}

/* a followed by b, of na and nb lanes. */
static LLVMValueRef concat(Gen *g, LLVMValueRef a, unsigned na, LLVMValueRef b, unsigned nb)
{
    int idx[2 * MAX_LANES];
    unsigned wide = na > nb ? na : nb;
    if (wide == 1)
        return LLVMBuildInsertElement(g->b, gen_splat(g, a, 2), b, LLVMConstInt(g->i32, 1, 0), "");
    a = widen(g, a, na, wide);
    b = widen(g, b, nb, wide);
    for (unsigned i = 0; i < na + nb; i++)
        idx[i] = (int)(i < na ? i : wide + (i - na));
    return gen_shuffle(g, a, b, idx, na + nb);
}

/* All n pieces, one after the other. */
static LLVMValueRef join(Gen *g, LLVMValueRef *piece, unsigned *size, unsigned n)
{
    for (; n > 1; n = (n + 1) / 2) /* neighbours, until one is left */
        for (unsigned i = 0; i < (n + 1) / 2; i++) {
            bool pair = 2 * i + 1 < n;
            LLVMValueRef v = piece[2 * i];
            unsigned m = size[2 * i];
            piece[i] = pair ? concat(g, v, m, piece[2 * i + 1], size[2 * i + 1]) : v;
            size[i] = m + (pair ? size[2 * i + 1] : 0);
        }
    return piece[0];
}

static LLVMValueRef load_runs(Gen *g, const Place *p)
{
    LLVMValueRef piece[MAX_LANES];
    unsigned size[MAX_LANES], n = 0;
    for (unsigned i = 0; i < g->lanes; i += size[n++]) {
        size[n] = run_length(p->k, i, g->lanes);
        piece[n] = load_run(g, p, p->k[i], size[n]);
    }
    return join(g, piece, size, n);
}

/* Of the lanes that take part, where those are asked for. */
static void span_of(const Gen *g, const int64_t *k, const bool *active, int64_t *lo, int64_t *hi)
{
    *lo = INT64_MAX, *hi = INT64_MIN;
    for (unsigned i = 0; i < g->lanes; i++) {
        if (active && !active[i])
            continue;
        *lo = k[i] < *lo ? k[i] : *lo;
        *hi = k[i] > *hi ? k[i] : *hi;
    }
}

/* The mask for `wide` elements from offset `from` on: each is wanted by at most one
** lane, else NULL. */
static LLVMValueRef spread_mask(Gen *g, const Place *p, int64_t from, int wide)
{
    int idx[MAX_LANES];
    for (int j = 0; j < wide; j++)
        idx[j] = (int)g->lanes;
    for (unsigned i = 0; i < g->lanes; i++) {
        int64_t at = wrap_sub(p->k[i], from);
        if (at < 0 || at >= wide)
            continue;
        if (idx[at] != (int)g->lanes)
            return NULL;
        idx[at] = (int)i;
    }
    return gen_shuffle(g, g->mask, LLVMConstNull(LLVMTypeOf(g->mask)), idx, (unsigned)wide);
}

static LLVMValueRef masked_load(Gen *g, const Place *p, int64_t from, unsigned n, LLVMValueRef mask)
{
    DType t = (DType)p->buf->buffer->type;
    LLVMTypeRef type = gen_vector(element(g, p), n);
    LLVMValueRef at = place_pointer(g, p, from);
    LLVMValueRef args[] = {at, align_arg(g, place_align(p, from)), mask, LLVMConstNull(type)};
    return from_memory(
        g, t,
        gen_intrinsic(g, "llvm.masked.load", 2, (LLVMTypeRef[]){type, LLVMTypeOf(at)}, 4, args));
}

/* `wide` elements from offset `from` on, or those of them that the mask, if there is one, wants. */
static LLVMValueRef load_part(Gen *g, const Place *p, int64_t from, int wide, LLVMValueRef mask)
{
    if (!mask)
        return load_run(g, p, from, (unsigned)wide);
    LLVMValueRef piece[MAX_LANES];
    unsigned size[MAX_LANES], n = 0;
    for (unsigned i = 0; i < (unsigned)wide; i += size[n++]) {
        size[n] = masked_lanes(g, p, (unsigned)wide);
        LLVMValueRef part = lanes_part(g, mask, i, size[n], (unsigned)wide);
        LLVMTypeRef none = gen_vector(gen_type(g, (DType)p->buf->buffer->type), size[n]);
        piece[n] = all_off(part) ? LLVMConstNull(none)
                                 : masked_load(g, p, wrap_add(from, i), size[n], part);
    }
    return join(g, piece, size, n);
}

/* By two wide loads, which meet or overlap, and a shuffle; NULL where the lanes lie too far apart.
** Where it is known which lanes take part, the others are left out; where not, they are masked. */
static LLVMValueRef load_span(Gen *g, const Place *p, bool masked)
{
    int64_t lo, hi;
    const bool *active = masked && gen_lanes_known(g) ? g->active : NULL;
    span_of(g, p->k, active, &lo, &hi);
    uint64_t apart = (uint64_t)hi - (uint64_t)lo;
    if (lo > hi || apart >= 4 * (uint64_t)g->lanes || apart >= MAX_LANES)
        return NULL;
    int idx[MAX_LANES], span = (int)apart + 1, wide = 2;
    while (2 * wide <= span)
        wide *= 2;
    if (span < wide)
        return NULL;
    for (unsigned i = 0; i < g->lanes; i++) {
        int o = (int)wrap_sub(p->k[i], lo);
        idx[i] = active && !active[i] ? -1 : o < wide ? o : o - (span - wide) + wide;
    }
    LLVMValueRef mask[2] = {NULL, NULL};
    for (int i = 0; i < 2 && masked && !active; i++)
        if (!(mask[i] = spread_mask(g, p, i ? hi + 1 - wide : lo, wide)))
            return NULL;
    LLVMValueRef first = load_part(g, p, lo, wide, mask[0]);
    LLVMValueRef second = span > wide ? load_part(g, p, hi + 1 - wide, wide, mask[1]) : NULL;
    return gen_shuffle(g, first, second, idx, g->lanes);
}

static LLVMValueRef load_fixed(Gen *g, const Place *p, bool masked)
{
    LLVMValueRef v = load_span(g, p, masked);
    return v ? v : masked ? gather(g, p) : load_runs(g, p);
}

Val place_load(Gen *g, const Place *p)
{
    bool masked = g->mask && !p->inside;
    switch (place_pattern(g, p)) {
    case PLACE_ONE: return (Val){load_one(g, p), false};
    case PLACE_RUN:
        return (Val){load_part(g, p, p->k[0], (int)g->lanes, masked ? g->mask : NULL), true};
    case PLACE_FIXED: return (Val){load_fixed(g, p, masked), true};
    default: return (Val){gather(g, p), true};
    }
}

void place_prefetch(Gen *g, const Place *p)
{
    enum { LINE = 64, READ = 0, KEEP = 3, DATA = 1 };
    Pattern pattern = place_pattern(g, p);
    if (p->ahead == 0 || (pattern != PLACE_ONE && pattern != PLACE_RUN))
        return;
    int64_t n = pattern == PLACE_RUN ? (int64_t)g->lanes : 1,
            line = LINE / (int64_t)dtype_bytes((DType)p->buf->buffer->type);
    for (int64_t i = 0; i < n; i += line) {
        LLVMValueRef at = place_pointer(g, p, wrap_add(p->ahead, wrap_add(p->k ? p->k[0] : 0, i)));
        LLVMTypeRef type = LLVMTypeOf(at);
        LLVMValueRef args[] = {at, LLVMConstInt(g->i32, READ, 0), LLVMConstInt(g->i32, KEEP, 0),
                               LLVMConstInt(g->i32, DATA, 0)};
        gen_intrinsic(g, "llvm.prefetch", 1, &type, 4, args);
    }
}

/* ---- stores ---- */

static void store_run(Gen *g, const Place *p, LLVMValueRef v, int64_t first, unsigned n)
{
    mem_store(g, (DType)p->buf->buffer->type, v, place_pointer(g, p, first), n,
              place_align(p, first));
}

static void store_masked(Gen *g, const Place *p, LLVMValueRef v)
{
    DType t = (DType)p->buf->buffer->type;
    unsigned n = masked_lanes(g, p, g->lanes);
    LLVMTypeRef type = gen_vector(element(g, p), n);
    LLVMValueRef bytes = to_memory(g, t, v, g->lanes);
    for (unsigned i = 0; i < g->lanes; i += n) {
        LLVMValueRef mask = lanes_part(g, g->mask, i, n, g->lanes);
        if (all_off(mask))
            continue;
        int64_t first = wrap_add(p->k[0], i);
        LLVMValueRef at = place_pointer(g, p, first);
        LLVMValueRef args[] = {lanes_part(g, bytes, i, n, g->lanes), at,
                               align_arg(g, place_align(p, first)), mask};
        gen_intrinsic(g, "llvm.masked.store", 2, (LLVMTypeRef[]){type, LLVMTypeOf(at)}, 4, args);
    }
}

/* In the order of the lanes, so that of two that meet the later one stays. */
static void scatter(Gen *g, const Place *p, LLVMValueRef v)
{
    DType t = (DType)p->buf->buffer->type;
    LLVMTypeRef type = gen_vector(element(g, p), g->lanes);
    LLVMValueRef at = pointers(g, p);
    LLVMValueRef args[] = {to_memory(g, t, v, g->lanes), at, align_arg(g, (unsigned)dtype_bytes(t)),
                           all_lanes(g)};
    gen_intrinsic(g, "llvm.masked.scatter", 2, (LLVMTypeRef[]){type, LLVMTypeOf(at)}, 4, args);
}

/* A permutation of a run is one shuffle and one store; else each run is a store. */
static void store_fixed(Gen *g, const Place *p, LLVMValueRef v)
{
    int64_t lo, hi;
    int idx[MAX_LANES];
    span_of(g, p->k, NULL, &lo, &hi);
    if ((uint64_t)hi - (uint64_t)lo + 1 == g->lanes) {
        bool once = true;
        for (unsigned i = 0; i < g->lanes; i++)
            idx[i] = -1;
        for (unsigned i = 0; i < g->lanes; i++) {
            once &= idx[p->k[i] - lo] < 0;
            idx[p->k[i] - lo] = (int)i;
        }
        if (once) {
            store_run(g, p, gen_shuffle(g, v, NULL, idx, g->lanes), lo, g->lanes);
            return;
        }
    }
    for (unsigned i = 0, n; i < g->lanes; i += n) {
        n = run_length(p->k, i, g->lanes);
        for (unsigned j = 0; j < n; j++)
            idx[j] = (int)(i + j);
        store_run(g, p, gen_shuffle(g, v, NULL, idx, n), p->k[i], n);
    }
}

static void store_one(Gen *g, const Place *p, Val value)
{
    if (!g->mask) {
        store_run(g, p, value.vec ? gen_lane(g, value.v, g->lanes - 1) : value.v, 0, 1);
        return;
    }
    if (value.vec) {
        scatter(g, p, value.v);
        return;
    }
    if (p->inside && p->buf->stack) {
        LLVMValueRef old =
            mem_load(g, (DType)p->buf->buffer->type, place_pointer(g, p, 0), 1, place_align(p, 0));
        store_run(g, p, LLVMBuildSelect(g->b, gen_any(g), value.v, old, ""), 0, 1);
        return;
    }
    LLVMBasicBlockRef then = gen_block(g, "any"), next = gen_block(g, "next");
    LLVMBuildCondBr(g->b, gen_any(g), then, next);
    gen_at_end(g, then);
    store_run(g, p, value.v, 0, 1);
    LLVMBuildBr(g->b, next);
    gen_at_end(g, next);
}

void place_store(Gen *g, const Place *p, Val value)
{
    Pattern pattern = place_pattern(g, p);
    if (pattern == PLACE_ONE) {
        store_one(g, p, value);
        return;
    }
    LLVMValueRef v = gen_as_vector(g, value);
    bool masked = g->mask && !(p->padding && gen_lanes_known(g));
    if (masked && p->inside && p->buf->stack && place_distinct(g, p)) {
        /* Nobody else sees the other lanes' elements: they are written back. */
        v = LLVMBuildSelect(g->b, g->mask, v, place_load(g, p).v, "");
        masked = false;
    }
    if (pattern == PLACE_RUN && masked)
        store_masked(g, p, v);
    else if (pattern == PLACE_RUN)
        store_run(g, p, v, p->k[0], g->lanes);
    else if (pattern == PLACE_FIXED && !masked)
        store_fixed(g, p, v);
    else
        scatter(g, p, v);
}
