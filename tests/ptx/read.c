/* read.c -- a PTX text becomes a module: what stands around the instructions. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/reader.h"

const PtxTypeInfo ptx_type[TYPE_COUNT] = {
#define PTX_TYPE(name, bits, kind) {#name, bits, KIND_##kind},
#include "tests/ptx/types.def"
};

enum {
    MOST_SHARED = 48 * 1024,
    MOST_PARAMETERS = 4096,
    MOST_LOCAL = 512 * 1024,
    MOST_REGISTERS = 1 << 20
};

/* ---- names ---- */

bool find_type(Word name, uint8_t *type)
{
    for (uint8_t t = 0; t < TYPE_COUNT; t++)
        if (word_equals(name, ptx_type[t].name)) {
            *type = t;
            return true;
        }
    return false;
}

/* %r12 of the family %r<20>. */
static bool in_family(const Symbol *s, Word name, uint32_t *number)
{
    if (name.n <= s->name.n || memcmp(name.s, s->name.s, s->name.n) != 0)
        return false;
    uint64_t v = 0;
    for (size_t i = s->name.n; i < name.n; i++) {
        if (!isdigit((unsigned char)name.s[i]) || v > UINT32_MAX)
            return false;
        v = 10 * v + (uint64_t)(name.s[i] - '0');
    }
    *number = (uint32_t)v;
    return v < s->count;
}

bool find_register(const Reader *r, Word name, uint32_t *reg, uint8_t *type)
{
    for (size_t i = r->symbols.n; i-- > 0;) {
        const Symbol *s = &r->symbols.at[i];
        uint32_t number = 0;
        if ((s->kind == SYMBOL_register && word_same(s->name, name)) ||
            (s->kind == SYMBOL_family && in_family(s, name, &number))) {
            *reg = s->first + number;
            *type = s->type;
            return true;
        }
    }
    return false;
}

const PtxVar *find_variable(const Reader *r, Word name)
{
    for (size_t i = r->symbols.n; i-- > 0;) {
        const Symbol *s = &r->symbols.at[i];
        if (s->kind == SYMBOL_variable && word_same(s->name, name))
            return &r->f->var[s->first];
    }
    return NULL;
}

static Word take_name(Reader *r)
{
    Word w = r->now;
    if (w.kind != WORD_name || w.s[0] == '.')
        refuse(r, w.line, "a name is expected before '%.*s'", (int)w.n, w.s);
    word_next(r);
    return w;
}

/* ".b32" */
static uint8_t take_type(Reader *r)
{
    uint8_t type = TYPE_b8;
    Word w = {WORD_name, r->now.s + 1, r->now.n ? r->now.n - 1 : 0, r->now.line};
    if (r->now.n < 2 || r->now.s[0] != '.' || !find_type(w, &type))
        refuse(r, r->now.line, "'%.*s' is no type that is known", (int)r->now.n, r->now.s);
    word_next(r);
    return type;
}

/* ---- declarations ---- */

/* .reg .b32 %r<3>; */
static void read_registers(Reader *r)
{
    Symbol s = {.kind = SYMBOL_register, .depth = r->depth, .type = take_type(r), .count = 1};
    do {
        s.name = take_name(r);
        s.kind = SYMBOL_register;
        s.count = 1;
        s.first = (uint32_t)r->f->nregs;
        if (word_take(r, "<")) {
            s.kind = SYMBOL_family;
            uint64_t count = word_integer(r);
            if (count > MOST_REGISTERS)
                refuse(r, s.name.line, "%llu registers are too many", (unsigned long long)count);
            s.count = (uint32_t)count;
            word_want(r, ">");
        }
        r->f->nregs += s.count;
        list_add(&r->symbols, s);
    } while (word_take(r, ","));
}

/* Variables lie apart, so that who leaves one does not meet the next. */
static void add_variable(Reader *r, const Variable *v, PtxSpace space)
{
    static const size_t most[] = {
        [SPACE_shared] = MOST_SHARED, [SPACE_local] = MOST_LOCAL, [SPACE_param] = MOST_PARAMETERS};
    size_t *end = &r->f->bytes[space], gap = space == SPACE_param ? 0 : SPACE_GAP, all = v->bytes;
    for (size_t i = 0; i < r->f->nvars; i++)
        all += r->f->var[i].space == space ? r->f->var[i].bytes : 0;
    if (all > most[space])
        refuse(r, v->name.line, "%.*s is more memory than there is", (int)v->name.n, v->name.s);
    *end = (*end + gap + v->align - 1) / v->align * v->align;
    r->f->var = list_grow(r->f->var, r->f->nvars, &r->cap_vars, sizeof *r->f->var);
    r->f->var[r->f->nvars] =
        (PtxVar){(uint8_t)space, *end + (space == SPACE_param ? 0 : SPACE_START), v->bytes};
    *end += v->bytes;
    Symbol s = {SYMBOL_variable, v->name, r->depth, 0, (uint32_t)r->f->nvars++, 1};
    list_add(&r->symbols, s);
}

/* .align 16 .b8 shared[68] */
static Variable read_variable(Reader *r)
{
    Variable v = {.align = word_take(r, ".align") ? (size_t)word_integer(r) : 1};
    uint8_t type = take_type(r);
    size_t count = 1;
    v.name = take_name(r);
    if (word_take(r, "[")) {
        count = (size_t)word_integer(r);
        word_want(r, "]");
    }
    v.bytes = ptx_type[type].bits / 8;
    if (v.align < v.bytes)
        v.align = v.bytes;
    if (!v.align || (v.align & (v.align - 1)) || v.align > 128 || count > MOST_LOCAL)
        refuse(r, v.name.line, "there is no such variable as %.*s", (int)v.name.n, v.name.s);
    v.bytes *= count;
    return r->why[0] ? (Variable){.align = 1} : v;
}

static void declare(Reader *r, PtxSpace space)
{
    Variable v = read_variable(r);
    add_variable(r, &v, space);
}

static bool read_declaration(Reader *r)
{
    if (word_take(r, ".reg"))
        read_registers(r);
    else if (word_take(r, ".param"))
        declare(r, SPACE_param);
    else if (word_take(r, ".local"))
        declare(r, SPACE_local);
    else if (word_is(r, ".shared") && !r->f->entry)
        return refuse(r, r->now.line, "shared memory of a function is not known");
    else if (word_take(r, ".shared"))
        declare(r, SPACE_shared);
    else
        return false;
    word_want(r, ";");
    return true;
}

/* ---- functions ---- */

static void close_scope(Reader *r)
{
    while (r->symbols.n && r->symbols.at[r->symbols.n - 1].depth >= r->depth)
        r->symbols.n--;
    r->depth--;
    word_want(r, "}");
}

static void read_label(Reader *r)
{
    Label l = {r->now, (uint32_t)r->f->ninsts};
    for (size_t i = 0; i < r->labels.n; i++)
        if (word_same(r->labels.at[i].name, l.name))
            refuse(r, l.name.line, "%.*s stands twice", (int)l.name.n, l.name.s);
    list_add(&r->labels, l);
    word_next(r);
    word_want(r, ":");
}

static void read_statement(Reader *r)
{
    if (word_take(r, "{")) {
        r->depth++;
    } else if (word_is(r, "}")) {
        close_scope(r);
    } else if (!read_declaration(r)) {
        if (r->now.kind == WORD_name && word_followed_by(r, ':')) {
            read_label(r);
            return;
        }
        r->f->inst = list_grow(r->f->inst, r->f->ninsts, &r->cap_insts, sizeof *r->f->inst);
        r->f->inst[r->f->ninsts] = (PtxInst){.line = r->now.line, .guard = NO_GUARD};
        read_instruction(r);
        r->f->ninsts++;
    }
}

static void resolve_jumps(Reader *r)
{
    for (size_t i = 0; i < r->jumps.n && !r->why[0]; i++) {
        Use u = r->jumps.at[i];
        size_t l = 0;
        while (l < r->labels.n && !word_same(r->labels.at[l].name, u.name))
            l++;
        if (l == r->labels.n)
            refuse(r, u.name.line, "there is no label %.*s", (int)u.name.n, u.name.s);
        else
            r->f->inst[u.inst].target = r->labels.at[l].at;
    }
}

static void read_body(Reader *r)
{
    word_want(r, "{");
    r->depth = 1;
    while (r->depth > 0 && r->now.kind != WORD_end)
        read_statement(r);
    if (r->depth > 0)
        refuse(r, r->now.line, "the text ends in a function");
    r->f->has_body = true;
    resolve_jumps(r);
    refuse_contraction(r);
}

/* (.param .b32 a, .param .b32 b) */
static void read_parameters(Reader *r)
{
    word_want(r, "(");
    while (!word_is(r, ")") && r->now.kind != WORD_end) {
        word_want(r, ".param");
        declare(r, SPACE_param);
        if (!word_take(r, ","))
            break;
    }
    word_want(r, ")");
}

/* .maxntid 16, 16, 1 */
static void read_limits(Reader *r)
{
    r->f->most_threads = 1024;
    if (!word_take(r, ".maxntid"))
        return;
    r->f->most_threads = 1;
    do
        r->f->most_threads *= word_integer(r);
    while (word_take(r, ","));
}

static void read_function(Reader *r, bool entry)
{
    r->module->func = list_grow(r->module->func, r->module->nfuncs, &r->cap_funcs, sizeof(PtxFunc));
    PtxFunc *f = r->f = &r->module->func[r->module->nfuncs++];
    *f = (PtxFunc){.module = r->module, .entry = entry};
    r->symbols.n = r->labels.n = r->jumps.n = 0;
    r->cap_vars = r->cap_insts = 0;
    r->depth = 0;
    if (!entry && word_is(r, "(")) {
        read_parameters(r);
        f->gives = true;
    }
    Word name = take_name(r);
    f->name = strndup(name.s, name.n);
    if (word_is(r, "("))
        read_parameters(r);
    f->nparams = f->nvars;
    for (size_t i = 0; entry && i < r->shared.n; i++)
        add_variable(r, &r->shared.at[i], SPACE_shared);
    read_limits(r);
    if (!word_take(r, ";"))
        read_body(r);
}

/* ---- modules ---- */

/* A target, and the first version of PTX that has it. */
static const struct {
    const char *name;
    int sm, major, minor;
} targets[] = {{"sm_60", 60, 5, 0}, {"sm_61", 61, 5, 0}, {"sm_70", 70, 6, 0}, {"sm_72", 72, 6, 1},
               {"sm_75", 75, 6, 3}, {"sm_80", 80, 7, 0}, {"sm_86", 86, 7, 1}, {"sm_87", 87, 7, 4},
               {"sm_89", 89, 7, 8}, {"sm_90", 90, 7, 8}, {"sm_90a", 90, 8, 0}};

/* .version 7.0 .target sm_80 .address_size 64 */
static void read_header(Reader *r)
{
    int major = 0, minor = 0;
    word_want(r, ".version");
    if (sscanf(r->now.s, "%d.%d", &major, &minor) != 2)
        refuse(r, r->now.line, "'%.*s' is no version", (int)r->now.n, r->now.s);
    word_next(r);
    word_want(r, ".target");
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (word_is(r, targets[i].name) &&
            10 * major + minor >= 10 * targets[i].major + targets[i].minor)
            r->module->target = targets[i].sm;
    if (!r->module->target)
        refuse(r, r->now.line, "'%.*s' is no target of PTX %d.%d", (int)r->now.n, r->now.s, major,
               minor);
    word_next(r);
    word_want(r, ".address_size");
    word_want(r, "64");
}

static void resolve_calls(Reader *r)
{
    PtxModule *m = r->module;
    for (size_t i = 0; i < r->calls.n && !r->why[0]; i++) {
        Use u = r->calls.at[i];
        PtxInst *call = &m->func[u.func].inst[u.inst];
        uint32_t k = 0;
        while (k < m->nfuncs && !(m->func[k].has_body && word_equals(u.name, m->func[k].name)))
            k++;
        call->target = k;
        if (k == m->nfuncs || m->func[k].entry)
            refuse(r, u.name.line, "there is no function %.*s", (int)u.name.n, u.name.s);
        else if (m->func[k].nparams != call->n)
            refuse(r, u.name.line, "%s takes %zu variables", m->func[k].name, m->func[k].nparams);
    }
}

PtxModule *ptx_read(const char *text, char why[PTX_WHY])
{
    PtxModule *m = calloc(1, sizeof *m);
    Reader r = {.at = text, .line = 1, .why = why, .module = m};
    if (!m)
        abort();
    why[0] = '\0';
    word_next(&r);
    read_header(&r);
    while (r.now.kind != WORD_end) {
        if (word_take(&r, ".shared")) {
            Variable v = read_variable(&r);
            list_add(&r.shared, v);
            word_want(&r, ";");
            continue;
        }
        word_take(&r, ".visible");
        bool entry = word_take(&r, ".entry");
        if (!entry)
            word_want(&r, ".func");
        read_function(&r, entry);
    }
    resolve_calls(&r);
    free(r.symbols.at);
    free(r.labels.at);
    free(r.jumps.at);
    free(r.calls.at);
    free(r.shared.at);
    if (!why[0])
        return m;
    ptx_free(m);
    return NULL;
}

void ptx_free(PtxModule *m)
{
    for (size_t i = 0; m && i < m->nfuncs; i++) {
        free(m->func[i].name);
        free(m->func[i].var);
        free(m->func[i].inst);
    }
    if (m)
        free(m->func);
    free(m);
}

const PtxKernel *ptx_kernel(const PtxModule *m, const char *name)
{
    for (size_t i = 0; i < m->nfuncs; i++)
        if (m->func[i].entry && strcmp(m->func[i].name, name) == 0)
            return &m->func[i];
    return NULL;
}

int ptx_target(const PtxModule *m)
{
    return m->target;
}
