/* reader.h -- the text of a program, word by word, and the names that are known where it stands.
**
** The first thing that is wrong is kept in `why` and ends the text, so that what reads on finds
** nothing more.
*/
#ifndef TESTS_PTX_READER_H
#define TESTS_PTX_READER_H

#include "tests/ptx/module.h"

typedef enum WordKind { WORD_end, WORD_name, WORD_number, WORD_sign } WordKind;

/* A part of the text.  Names have the dots that are in them. */
typedef struct Word {
    WordKind kind;
    const char *s;
    size_t n;
    int line;
} Word;

typedef enum SymbolKind { SYMBOL_register, SYMBOL_family, SYMBOL_variable } SymbolKind;

typedef struct Symbol {
    SymbolKind kind;
    Word name;
    int depth; /* of the braces around it */
    uint8_t type;
    uint32_t first, count; /* registers; or the number of the variable */
} Symbol;

typedef struct Label {
    Word name;
    uint32_t at;
} Label;

typedef struct Variable {
    Word name;
    size_t align, bytes;
} Variable;

/* A use of a name that may stand before the name: of a label, or of a function. */
typedef struct Use {
    Word name;
    uint32_t func, inst;
} Use;

#define LIST(T)        \
    struct {           \
        T *at;         \
        size_t n, cap; \
    }

typedef struct Reader {
    const char *at;
    int line;
    Word now;
    char *why;
    PtxModule *module;
    PtxFunc *f; /* being read */
    int depth;
    LIST(Symbol) symbols;
    LIST(Label) labels;
    LIST(Use) jumps;       /* of the function */
    LIST(Use) calls;       /* of the module */
    LIST(Variable) shared; /* outside of functions: each entry has its own */
    size_t cap_funcs, cap_vars, cap_insts;
} Reader;

/* ---- words.c ---- */
void word_next(Reader *r);
/* The word after the current one begins with this sign, and nothing stands between them. */
bool word_followed_by(const Reader *r, char sign);
bool word_is(const Reader *r, const char *text);
/* Goes past it if it is there. */
bool word_take(Reader *r, const char *text);
/* Goes past it; else the program is refused. */
void word_want(Reader *r, const char *text);
bool word_same(Word a, Word b);
bool word_equals(Word w, const char *text);
/* A number as 64 bits: integers, 0f and 0d.  *bits: 32 or 64 of a float, 0 of an integer. */
uint64_t word_number(Reader *r, unsigned *bits);
uint64_t word_integer(Reader *r);
/* Refuses the program; false. */
bool refuse(Reader *r, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The n+1-st place of an array that grows. */
void *list_grow(void *at, size_t n, size_t *cap, size_t size);
#define list_add(l, x) \
    ((l)->at = list_grow((l)->at, (l)->n, &(l)->cap, sizeof *(l)->at), (l)->at[(l)->n++] = (x))

/* ---- names ---- */
/* The register of that name, with its type; false where there is none. */
bool find_register(const Reader *r, Word name, uint32_t *reg, uint8_t *type);
/* The variable of that name; NULL where there is none. */
const PtxVar *find_variable(const Reader *r, Word name);
/* The type of that name; false where there is none. */
bool find_type(Word name, uint8_t *type);

/* ---- read_inst.c ---- */
void read_instruction(Reader *r);

/* ---- contract.c ---- */
/* Refuses a product and a sum of it that ptxas may round once, for neither says how it rounds. */
void refuse_contraction(Reader *r);

#endif
