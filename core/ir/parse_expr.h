/* parse_expr.h -- the half of the parser that reads expressions.  For parse.c and parse_expr.c. */
#ifndef CORE_IR_PARSE_EXPR_H
#define CORE_IR_PARSE_EXPR_H

#include "core/base/vec.h"
#include "core/ir/ir.h"
#include "core/ir/lex.h"

/* No type is expected: a literal there must say its own, or gets int64 or float32. */
#define ANY_TYPE DT_COUNT

/* A name in scope.  `wall` hides the Vars below it: inside a block only its axes are visible. */
typedef struct Name {
    const char *text;
    const Node *node;
    bool wall;
} Name;

typedef struct Parser {
    Arena *A;
    Err *err;
    const Line *lines;
    size_t nlines, line;
    const char *at, *end; /* what is left of the line */
    Token tok;
    VEC(Name) names;
    const Node *params, *results; /* of the function, where it is one */
    int depth;
    bool in_size; /* where no variable may stand */
    bool failed;
} Parser;

/* Refuses a text that is not of the grammar, pointing at the current token. */
void parse_fail(Parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void parse_next(Parser *p);
bool parse_is(const Parser *p, const char *text);
bool parse_take(Parser *p, const char *text); /* consumes it if it is there */
bool parse_want(Parser *p, const char *text); /* fails if it is not there */
const char *parse_name(Parser *p, const char *what);

void parse_push(Parser *p, const char *text, const Node *node);
const Node *parse_find(Parser *p, const char *text, Op op);

/* One expression of type `expect` (or any); NULL after a failure. */
const Node *parse_typed(Parser *p, DType expect);

/* A size: a number of at least 0, or arithmetic on numbers, which is done at once and must neither
** wrap nor divide by 0, as that of a program may. */
const Node *parse_size(Parser *p);

/* What `n` makes where all its operands are numbers, else `n`.  Where that wraps or divides by 0,
** *why says so, unless why is NULL or it says something already. */
const Node *parse_folded(Parser *p, const Node *n, const char **why);

/* A comma-separated list of int64 expressions (sizes) up to `close`, which is consumed. */
bool parse_indices(Parser *p, const char *close, const Node **out, size_t *n);
bool parse_sizes(Parser *p, const char *close, const Node **out, size_t *n);

#endif
