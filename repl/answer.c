/* answer.c -- what a session does with what was entered. */
#include "repl/answer.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "lua_api/session.h"
#include "repl/eval.h"
#include "repl/lexer.h"
#include "repl/pieces.h"
#include "repl/start.h"
#include "viz/text/wrap.h"

bool answer_leaves(lua_State *L, const char *text)
{
    Lexer x = lexer(text, strlen(text));
    Token word = lex_next(&x), t = lex_next(&x);
    const char *name = token_is(&word, "exit") ? "exit" : token_is(&word, "quit") ? "quit" : NULL;
    if (name && token_is(&t, "(")) {
        t = lex_next(&x);
        name = token_is(&t, ")") ? name : NULL;
        t = lex_next(&x);
    }
    if (token_is(&t, ";"))
        t = lex_next(&x);
    if (!name || t.kind != TOKEN_END)
        return false;
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    bool own = lua_rawget(L, -2) != LUA_TNIL; /* no __index of the person's may raise here */
    lua_pop(L, 2);
    return !own;
}

static EvalStatus run(lua_State *L, const char *text, int number)
{
    char name[24];
    snprintf(name, sizeof name, "=[%d]", number);
    if (text[strspn(text, " \t\r\n")] == '\0')
        return EVAL_OK;
    start_measure(L);
    EvalStatus status = eval_input(L, text, name, stdout, stderr);
    fflush(stderr);
    return status;
}

bool answer_input(lua_State *L, const char *text, int number)
{
    if (answer_leaves(L, text))
        return false;
    run(L, text, number);
    return true;
}

/* Says which piece ended a text, and how many lines that leaves. */
static void say_rest(lua_State *L, const Pieces *pieces, size_t at, EvalStatus status)
{
    const LuaView *view = lua_view(L);
    const Piece *p = &pieces->at[at];
    bool one = p->line == p->last;
    const char *how = status != EVAL_INTERRUPTED ? "failed"
                      : one                      ? "was interrupted"
                                                 : "were interrupted";
    int left = 0;
    for (size_t i = at + 1; i < pieces->n; i++)
        left += pieces->at[i].last - pieces->at[i].line + 1;
    Arena *A = arena_new(NULL);
    Buf said = buf_new(A);
    wrap_text(&said,
              one ? arena_printf(A, "line %d %s: %s", p->line, how, p->code)
                  : arena_printf(A, "lines %d to %d %s", p->line, p->last, how),
              0, 2, view->width);
    buf_putc(&said, '\n');
    wrap_text(&said,
              left == 1 ? "the line below was not run"
                        : arena_printf(A, "the %d lines below were not run", left),
              0, 2, view->width);
    fprintf(stderr, view->color_errors ? "\x1b[2m%s\x1b[0m\n" : "%s\n", buf_str(&said));
    fflush(stderr);
    arena_release(A);
}

bool answer_lines(lua_State *L, const char *text, int *number)
{
    Arena *A = arena_new(NULL);
    Pieces pieces = pieces_of(L, A, text);
    bool stays = true;
    EvalStatus status = EVAL_OK;
    for (size_t i = 0; stays && i < pieces.n && status == EVAL_OK; i++) {
        stays = !answer_leaves(L, pieces.at[i].code);
        if (stays)
            status = run(L, pieces.at[i].text, ++*number);
        if (status != EVAL_OK && i + 1 < pieces.n)
            say_rest(L, &pieces, i, status);
    }
    arena_release(A);
    return stays;
}
