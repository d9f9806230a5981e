/* module.h -- a program as it is run: instructions decoded once, names resolved. */
#ifndef TESTS_PTX_MODULE_H
#define TESTS_PTX_MODULE_H

#include "tests/ptx/ptx.h"

typedef enum PtxKind { KIND_PRED, KIND_BITS, KIND_UNSIGNED, KIND_SIGNED, KIND_FLOAT } PtxKind;

typedef enum PtxType {
#define PTX_TYPE(name, bits, kind) TYPE_##name,
#include "tests/ptx/types.def"
    TYPE_COUNT
} PtxType;

typedef struct PtxTypeInfo {
    const char *name;
    unsigned bits;
    PtxKind kind;
} PtxTypeInfo;
extern const PtxTypeInfo ptx_type[TYPE_COUNT];

typedef enum PtxModifier {
#define PTX_MODIFIER(name) MODIFIER_##name,
#include "tests/ptx/modifiers.def"
    MODIFIER_COUNT
} PtxModifier;
#define M(name) (UINT32_C(1) << MODIFIER_##name)
#define SPACES  (M(global) | M(shared) | M(local) | M(param))

typedef struct PtxInst PtxInst;

/* Of values as their types are read: extended to 64 bits, floats as their bits. */
typedef uint64_t PtxValueFn(const PtxInst *i, const uint64_t *x);
#define PTX_VALUE(name, types, from, one, may, operands, fn) PtxValueFn ptx_##fn;
#define PTX_ACT(name, types, from, one, may, operands, act)
#include "tests/ptx/ops.def"

typedef enum PtxAct {
    ACT_VALUE,
    ACT_MOVE,
    ACT_LOAD,
    ACT_STORE,
    ACT_GOTO,
    ACT_WAIT,
    ACT_CALL,
    ACT_RETURN,
    ACT_EXIT,
    ACT_TRAP
} PtxAct;

typedef struct PtxOp {
    const char *name;
    uint32_t types, from; /* sets of PtxType; 0: it has none */
    uint32_t one, may;    /* sets of PtxModifier */
    const char *operands;
    PtxAct act;
    PtxValueFn *value;
} PtxOp;

/* Special registers, three dimensions each. */
typedef enum PtxSpecial { SPECIAL_tid, SPECIAL_ntid, SPECIAL_ctaid, SPECIAL_nctaid } PtxSpecial;

typedef enum PtxForm {
    FORM_register,
    FORM_constant, /* an address of a variable, too */
    FORM_special,  /* bits: 3 * PtxSpecial + dimension */
    FORM_based,    /* an address: register + bits */
    FORM_nothing   /* _, for a part that nobody wants */
} PtxForm;

typedef struct PtxOperand {
    uint8_t form, as; /* the PtxType that it is read or written as */
    uint8_t type;     /* of its register */
    uint32_t reg;
    uint64_t bits;
} PtxOperand;

typedef enum PtxSpace {
    SPACE_generic,
    SPACE_global,
    SPACE_shared,
    SPACE_local,
    SPACE_param
} PtxSpace;

enum { MOST_OPERANDS = 6, NO_GUARD = -1 };

struct PtxInst {
    const PtxOp *op;
    int line, guard; /* the register of its predicate */
    bool unless;
    uint8_t type, from, space;
    uint8_t holds; /* see below */
    uint8_t n;     /* operands; an address comes first */
    uint32_t modifiers;
    uint32_t target; /* of a branch: an instruction; of a call: a function */
    PtxOperand x[MOST_OPERANDS];
};

/* What PtxInst.holds says of a comparison: the answers with which it holds. */
enum { LESS = 1, EQUAL = 2, GREATER = 4, UNORDERED = 8 };
/* And of a mov: which way it goes between the whole, its first operand, and its parts. */
enum { MOVE_PLAIN, MOVE_SPLIT, MOVE_JOIN };

typedef struct PtxVar {
    uint8_t space;
    uint64_t at; /* its address in its space; of param, from the start of the frame's */
    size_t bytes;
} PtxVar;

typedef struct PtxFunc {
    const PtxModule *module;
    char *name;
    bool entry, has_body, gives; /* gives: the first parameter is what it returns */
    size_t nparams;              /* the first of its variables */
    uint64_t most_threads;
    PtxVar *var;
    size_t nvars;
    PtxInst *inst;
    size_t ninsts;
    size_t nregs;
    size_t bytes[SPACE_param + 1]; /* of shared, local and param */
} PtxFunc;

struct PtxModule {
    int target;
    PtxFunc *func;
    size_t nfuncs;
};

/* Where shared and local memory begin, as addresses of their own space, and as generic ones. */
enum { SPACE_START = 1024, SPACE_GAP = 256 };
#define SHARED_WINDOW UINT64_C(0x10000000000)
#define LOCAL_WINDOW  UINT64_C(0x20000000000)
#define WINDOW_BYTES  (UINT64_C(1) << 32)

static inline uint64_t ptx_low_bits(uint64_t v, unsigned bits)
{
    return bits < 64 ? v & ((UINT64_C(1) << bits) - 1) : v;
}

/* The low bits of v as a value of that type. */
static inline uint64_t ptx_extend(uint64_t v, unsigned type)
{
    unsigned bits = ptx_type[type].bits;
    v = ptx_low_bits(v, bits);
    if (ptx_type[type].kind != KIND_SIGNED || bits == 64 || !(v >> (bits - 1)))
        return v;
    return v | ~((UINT64_C(1) << bits) - 1);
}

#endif
