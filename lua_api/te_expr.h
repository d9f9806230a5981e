/* te_expr.h -- tensor expressions as Lua holds them, and the calls of te.func they belong to. */
#ifndef LUA_API_TE_EXPR_H
#define LUA_API_TE_EXPR_H

#include "core/te/te.h"
#include "lua_api/lua_fn.h"

/* One call of a te.func: its arena, freed with the last expression that Lua holds. */
typedef struct TeScope {
    Arena *arena;
    Te *te;
    bool closed; /* the Func is made: nothing more can be added */
} TeScope;

typedef enum ExprKind { EXPR_VALUE, EXPR_AXIS, EXPR_TENSOR, EXPR_INDEXED, EXPR_REDUCE } ExprKind;

/* A box's user value 1 is the scope's box. */
typedef struct TeExpr {
    TeScope *scope;
    ExprKind kind;
    const Node *node;              /* expression, Var or Buffer */
    size_t n;                      /* indices given so far; reduce axes */
    const Node *more[IR_MAX_RANK]; /* them */
    Combiner combiner;
    int64_t extent; /* of an axis */
    bool reduces;   /* a reduce axis */
} TeExpr;

extern const LuaClass te_scope_class, te_expr_class;
LUA_BOX(te_scope, TeScope, te_scope_class)
LUA_BOX(te_expr, TeExpr, te_expr_class)

/* Pushes the scope of the call of a te.func that is going on; raises where none is. */
TeScope *te_push_scope(lua_State *L);

/* What parameter i, from 1, of the Lua function at `fn` is called: as the list at `names` says,
** where there is one, or as it was written; NULL if there is no such. */
const char *te_parameter(lua_State *L, int fn, int names, int i);

/* The list of names at `arg`, if one is given: raises unless it is one. */
void te_names_or_nil(lua_State *L, int arg);

/* te.func and te.text: the list of all that te has, whose order the reference keeps, has them. */
extern const LuaFn *const te_func_row, *const te_text_row;

#endif
