/* read_inst.c -- an instruction: its operation with types and modifiers, its operands. */
#include <string.h>

#include "tests/ptx/reader.h"

/* ---- sets of types ---- */

#define T(name) (UINT32_C(1) << TYPE_##name)
#define SGN     (T(s8) | T(s16) | T(s32) | T(s64))
#define BYTE    (T(b8) | T(u8) | T(s8))
#define HALF    (T(b16) | T(u16) | T(s16))
#define WIDE    (T(b64) | T(u64) | T(s64) | T(f64))
#define INT     (T(u16) | T(u32) | T(u64) | T(s16) | T(s32) | T(s64))
#define FLT     (T(f32) | T(f64))
#define BIT     (T(b16) | T(b32) | T(b64))
#define NUM     (INT | FLT | BIT)

static const PtxOp ops[] = {
#define PTX_VALUE(name, types, from, one, may, operands, fn) \
    {#name, types, from, one, may, operands, ACT_VALUE, ptx_##fn},
#define PTX_ACT(name, types, from, one, may, operands, act) \
    {#name, types, from, one, may, operands, ACT_##act, NULL},
#include "tests/ptx/ops.def"
};

static const char *const modifiers[] = {
#define PTX_MODIFIER(name) #name,
#include "tests/ptx/modifiers.def"
};

#define IN(kind) (1u << KIND_##kind)
#define NUMBERS  (IN(UNSIGNED) | IN(SIGNED) | IN(FLOAT))
static const struct {
    const char *name;
    unsigned kinds;
    uint8_t holds;
} compares[] = {
#define PTX_COMPARE(name, kinds, holds) {#name, kinds, holds},
#include "tests/ptx/compares.def"
};

static PtxInst *current(Reader *r)
{
    return &r->f->inst[r->f->ninsts];
}

/* ---- the operation ---- */

static bool unknown(Reader *r, Word whole)
{
    return refuse(r, whole.line, "%.*s is not known", (int)whole.n, whole.s);
}

/* The next part between dots; empty at the end. */
static Word part_of(Word whole, size_t *at)
{
    Word part = {WORD_name, whole.s + *at, 0, whole.line};
    while (*at + part.n < whole.n && part.s[part.n] != '.')
        part.n++;
    *at += part.n + 1;
    return part;
}

static bool take_compare(PtxInst *i, Word part, unsigned *kinds)
{
    for (size_t c = 0; c < sizeof compares / sizeof *compares; c++)
        if (word_equals(part, compares[c].name)) {
            i->holds = compares[c].holds;
            *kinds = compares[c].kinds;
            return true;
        }
    return false;
}

static bool take_modifier(PtxInst *i, Word part)
{
    for (unsigned k = 0; k < MODIFIER_COUNT; k++)
        if (word_equals(part, modifiers[k])) {
            bool again = i->modifiers & UINT32_C(1) << k;
            i->modifiers |= UINT32_C(1) << k;
            return !again;
        }
    return false;
}

static bool is_one(uint32_t set)
{
    return set && !(set & (set - 1));
}

static bool op_fits(const PtxOp *op, Word name, const PtxInst *i, const uint8_t *type, int ntypes)
{
    int wanted = (op->types != 0) + (op->from != 0);
    uint32_t one = i->modifiers & ~op->may;
    return word_equals(name, op->name) && ntypes == wanted &&
           (wanted < 1 || op->types & UINT32_C(1) << type[0]) &&
           (wanted < 2 || op->from & UINT32_C(1) << type[1]) &&
           (op->one ? is_one(one) && (one & op->one) : one == 0);
}

/* "setp.lt.s64": at most one comparison, up to two types. */
static bool read_operation(Reader *r)
{
    PtxInst *i = current(r);
    Word whole = r->now;
    size_t at = 0;
    uint8_t type[2] = {0};
    int ntypes = 0;
    unsigned kinds = 0;
    Word name = part_of(whole, &at);
    bool compares_them = word_equals(name, "setp");
    if (r->now.kind != WORD_name)
        return unknown(r, whole);
    while (at <= whole.n) {
        Word part = part_of(whole, &at);
        bool known = (compares_them && !kinds && take_compare(i, part, &kinds)) ||
                     (ntypes < 2 && find_type(part, &type[ntypes]) && ++ntypes) ||
                     take_modifier(i, part);
        if (!known)
            return unknown(r, whole);
    }
    for (size_t k = 0; k < sizeof ops / sizeof *ops && !i->op; k++)
        if (op_fits(&ops[k], name, i, type, ntypes))
            i->op = &ops[k];
    if (!i->op || (compares_them && !(kinds & 1u << ptx_type[type[0]].kind)) ||
        ((i->modifiers & M(NaN)) && r->module->target < 80))
        return unknown(r, whole);
    i->type = type[0];
    i->from = type[1];
    word_next(r);
    return true;
}

/* ---- operands ---- */

/* May a register of type `reg` stand where `as` is meant?  Bits fit all of their size, integers
** each other, floats themselves; `wider` lets larger registers hold what is no float. */
static bool type_fits(uint8_t reg, uint8_t as, bool wider)
{
    const PtxTypeInfo *a = &ptx_type[reg], *b = &ptx_type[as];
    bool floats = a->kind == KIND_FLOAT || b->kind == KIND_FLOAT,
         bits = a->kind == KIND_BITS || b->kind == KIND_BITS;
    if (a->kind == KIND_PRED || b->kind == KIND_PRED)
        return a->kind == b->kind;
    if (a->bits == b->bits)
        return bits || !floats || a->kind == b->kind;
    return wider && a->bits > b->bits && !floats;
}

static PtxOperand *add_operand(Reader *r)
{
    static PtxOperand none;
    PtxInst *i = current(r);
    if (i->n < MOST_OPERANDS)
        return &i->x[i->n++];
    refuse(r, i->line, "more operands than are known");
    return &none;
}

static bool read_register(Reader *r, PtxOperand *o, uint8_t as, bool wider)
{
    Word w = r->now;
    if (w.kind != WORD_name || !find_register(r, w, &o->reg, &o->type))
        return refuse(r, w.line, "'%.*s' is no register", (int)w.n, w.s);
    o->form = FORM_register;
    o->as = as;
    if (!type_fits(o->type, as, wider))
        return refuse(r, w.line, "%.*s is .%s, and .%s is expected", (int)w.n, w.s,
                      ptx_type[o->type].name, ptx_type[as].name);
    word_next(r);
    return true;
}

static void read_constant(Reader *r, PtxOperand *o, uint8_t as)
{
    int line = r->now.line;
    unsigned bits;
    uint64_t v = word_number(r, &bits);
    const PtxTypeInfo *t = &ptx_type[as];
    bool right = bits ? t->bits == bits && (t->kind == KIND_FLOAT || t->kind == KIND_BITS)
                      : t->kind != KIND_FLOAT;
    if (!right)
        refuse(r, line, "a number of another kind is expected, of type .%s", t->name);
    o->form = FORM_constant;
    o->type = o->as = as;
    o->bits = t->kind == KIND_PRED ? v != 0 : v;
}

static void read_source(Reader *r, uint8_t as, bool wider)
{
    PtxOperand *o = add_operand(r);
    if (r->now.kind == WORD_name)
        read_register(r, o, as, wider);
    else
        read_constant(r, o, as);
}

static uint8_t twice(uint8_t type)
{
    return type == TYPE_u16   ? TYPE_u32
           : type == TYPE_s16 ? TYPE_s32
           : type == TYPE_u32 ? TYPE_u64
                              : TYPE_s64;
}

/* ---- memory ---- */

static PtxSpace space_of(uint32_t set)
{
    return set & M(global)   ? SPACE_global
           : set & M(shared) ? SPACE_shared
           : set & M(local)  ? SPACE_local
           : set & M(param)  ? SPACE_param
                             : SPACE_generic;
}

/* "+8", "+-8" or nothing. */
static uint64_t read_offset(Reader *r)
{
    return word_take(r, "+") ? word_integer(r) : 0;
}

/* [%rd1+8], [shared+8] */
static void read_address(Reader *r)
{
    PtxInst *i = current(r);
    PtxOperand *o = add_operand(r);
    if (!is_one(i->modifiers & SPACES) && (i->modifiers & SPACES))
        refuse(r, i->line, "one space is expected");
    i->space = (uint8_t)space_of(i->modifiers);
    word_want(r, "[");
    const PtxVar *v = find_variable(r, r->now);
    if (v) {
        if (v->space != i->space)
            refuse(r, i->line, "%.*s is in another space", (int)r->now.n, r->now.s);
        o->form = FORM_constant;
        o->type = o->as = TYPE_u64;
        word_next(r);
        o->bits = v->at + read_offset(r);
    } else if (read_register(r, o, TYPE_u64, false)) {
        if (i->space == SPACE_param)
            refuse(r, i->line, "a parameter is reached by its name");
        o->form = FORM_based;
        o->bits = read_offset(r);
    }
    word_want(r, "]");
}

/* A register, or as many in braces as the vector has elements. */
static void read_elements(Reader *r, bool source)
{
    PtxInst *i = current(r);
    int n = i->modifiers & M(v4) ? 4 : i->modifiers & M(v2) ? 2 : 1;
    if (n * (int)ptx_type[i->type].bits > 128 || (n > 1 && i->space == SPACE_param))
        refuse(r, i->line, "there is no such vector");
    if (n > 1)
        word_want(r, "{");
    for (int k = 0; k < n; k++) {
        if (k)
            word_want(r, ",");
        if (source)
            read_source(r, i->type, true);
        else
            read_register(r, add_operand(r), i->type, true);
    }
    if (n > 1)
        word_want(r, "}");
}

/* ---- mov ---- */

static bool read_special(Reader *r, PtxOperand *o)
{
    static const char *const name[] = {"%tid.", "%ntid.", "%ctaid.", "%nctaid."};
    static const char axes[] = "xyz";
    for (unsigned s = 0; s < 4; s++) {
        size_t n = strlen(name[s]);
        if (r->now.n != n + 1 || memcmp(r->now.s, name[s], n) != 0)
            continue;
        const char *d = memchr(axes, r->now.s[n], 3);
        if (!d)
            return false;
        *o = (PtxOperand){FORM_special, TYPE_u32, TYPE_u32, 0, 3 * s + (unsigned)(d - axes)};
        if (!type_fits(TYPE_u32, current(r)->type, false))
            refuse(r, r->now.line, "a special register is .u32");
        word_next(r);
        return true;
    }
    return false;
}

/* {a, b}: parts of as many bits each as make the whole. */
static void read_parts(Reader *r, bool source)
{
    PtxInst *i = current(r);
    Word first = r->now;
    size_t from = i->n;
    do {
        PtxOperand *o = add_operand(r);
        if (!source && word_is(r, "_")) {
            o->form = FORM_nothing;
            word_next(r);
            continue;
        }
        uint32_t reg;
        if (!find_register(r, r->now, &reg, &o->type))
            refuse(r, r->now.line, "'%.*s' is no register", (int)r->now.n, r->now.s);
        else
            read_register(r, o, o->type, false);
    } while (word_take(r, ","));
    word_want(r, "}");
    unsigned bits = ptx_type[i->type].bits / (i->n - (unsigned)from);
    for (size_t k = from; k < i->n && !r->why[0]; k++) {
        if (i->x[k].form == FORM_nothing)
            i->x[k].as = i->x[k].type = bits == 32 ? TYPE_b32 : bits == 16 ? TYPE_b16 : TYPE_b8;
        if (ptx_type[i->x[k].as].bits != bits)
            refuse(r, first.line, "the parts do not make the whole");
    }
}

static void read_move(Reader *r)
{
    PtxInst *i = current(r);
    PtxOperand *whole = add_operand(r);
    if (word_take(r, "{")) {
        i->holds = MOVE_SPLIT;
        read_parts(r, false);
        word_want(r, ",");
        read_register(r, whole, i->type, false);
        return;
    }
    read_register(r, whole, i->type, false);
    word_want(r, ",");
    if (word_take(r, "{")) {
        i->holds = MOVE_JOIN;
        read_parts(r, true);
        return;
    }
    const PtxVar *v = find_variable(r, r->now);
    PtxOperand special;
    if (v) {
        PtxOperand *o = add_operand(r);
        word_next(r);
        *o = (PtxOperand){FORM_constant, i->type, i->type, 0, v->at + read_offset(r)};
        if (ptx_type[i->type].bits != 64 || v->space == SPACE_param)
            refuse(r, i->line, "an address is .u64");
    } else if (read_special(r, &special)) {
        *add_operand(r) = special;
    } else {
        read_source(r, i->type, false);
    }
}

/* ---- control ---- */

static void read_target(Reader *r)
{
    Use u = {r->now, 0, (uint32_t)r->f->ninsts};
    list_add(&r->jumps, u);
    word_next(r);
}

static void read_call_variable(Reader *r)
{
    PtxOperand *o = add_operand(r);
    const PtxVar *v = find_variable(r, r->now);
    if (!v || v->space != SPACE_param)
        refuse(r, r->now.line, "'%.*s' is no variable to hand over", (int)r->now.n, r->now.s);
    else
        *o = (PtxOperand){FORM_constant, TYPE_b8, TYPE_b8, (uint32_t)v->bytes, v->at};
    word_next(r);
}

/* (result), function, (arguments): in the order of the function's own variables. */
static void read_call(Reader *r)
{
    if (word_take(r, "(")) {
        read_call_variable(r);
        word_want(r, ")");
        word_want(r, ",");
    }
    Use u = {r->now, (uint32_t)(r->f - r->module->func), (uint32_t)r->f->ninsts};
    list_add(&r->calls, u);
    word_next(r);
    if (!word_take(r, ","))
        return;
    word_want(r, "(");
    do
        read_call_variable(r);
    while (word_take(r, ","));
    word_want(r, ")");
}

static void read_operand(Reader *r, char what)
{
    PtxInst *i = current(r);
    switch (what) {
    case 'd': read_register(r, add_operand(r), i->type, false); break;
    case 'D': read_register(r, add_operand(r), i->type, true); break;
    case 'w': read_register(r, add_operand(r), twice(i->type), false); break;
    case 'u': read_source(r, TYPE_u32, false); break;
    case 'p': read_register(r, add_operand(r), TYPE_pred, false); break;
    case 's': read_source(r, i->type, false); break;
    case 'F': read_source(r, i->from, true); break;
    case 'W': read_source(r, twice(i->type), false); break;
    case 'P': read_source(r, TYPE_pred, false); break;
    case 'v': read_elements(r, false); break;
    case 'V': read_elements(r, true); break;
    case '@': read_address(r); break;
    case 'm': read_move(r); break;
    case 'L': read_target(r); break;
    case 'C': read_call(r); break;
    case 'B':
        if (word_integer(r) != 0)
            refuse(r, i->line, "barriers but 0 are not known");
        break;
    }
}

/* A load's address comes first, as a store's does. */
static void address_first(PtxInst *i)
{
    if (i->op->act != ACT_LOAD || !i->n)
        return;
    PtxOperand address = i->x[i->n - 1];
    memmove(&i->x[1], &i->x[0], (i->n - 1u) * sizeof address);
    i->x[0] = address;
}

void read_instruction(Reader *r)
{
    PtxInst *i = current(r);
    if (word_take(r, "@")) {
        PtxOperand guard = {0};
        i->unless = word_take(r, "!");
        if (read_register(r, &guard, TYPE_pred, false))
            i->guard = (int)guard.reg;
    }
    if (!read_operation(r))
        return;
    for (const char *what = i->op->operands; *what; what++) {
        if (what > i->op->operands)
            word_want(r, ",");
        read_operand(r, *what);
    }
    address_first(i);
    word_want(r, ";");
}
