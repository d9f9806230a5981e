/* pieces.c -- a text of several lines as the inputs that typing its lines would have made. */
#include "repl/pieces.h"

#include <string.h>

#include "repl/eval.h"
#include "repl/lexer.h"

typedef enum CutKind {
    CUT_INPUTS,     /* each piece is an input of its own */
    CUT_UNFINISHED, /* likewise, but the last is only the beginning of one */
    CUT_WRONG,      /* the last piece is no input, and the text behind it was not looked at */
} CutKind;

static Piece piece(Arena *A, const Token *first, const char *end, int last)
{
    size_t above = (size_t)first->line - 1, len = (size_t)(end - first->at);
    char *text = arena_alloc(A, above + len + 1);
    memset(text, '\n', above);
    memcpy(text + above, first->at, len);
    text[above + len] = '\0';
    return (Piece){.text = text, .code = text + above, .line = first->line, .last = last};
}

/* Adds the piece that begins with *t, and moves *t behind it.  Within brackets and blocks nobody
** asks whether it is complete: a long text would be compiled once for each of its lines. */
static CutKind cut_one(lua_State *L, Arena *A, Lexer *x, Token *t, Pieces *out)
{
    Token first = *t;
    x->blocks = x->brackets = 0;
    if (token_is(&first, "?")) { /* the rest of the line are words */
        x->at = first.at + strcspn(first.at, "\n");
        Piece line = piece(A, &first, x->at, first.line);
        vec_push(A, out, line);
        *t = lex_next(x);
        return CUT_INPUTS;
    }
    *x = (Lexer){.at = first.at, .end = x->end, .line = first.line};
    lex_next(x);
    for (;;) {
        Lexer before = *x;
        *t = lex_next(x);
        bool ends = t->kind == TOKEN_END;
        bool closed = before.blocks <= 0 && before.brackets <= 0 && t->line > before.line;
        if (!ends && !closed)
            continue;
        Piece p = piece(A, &first, before.at, before.line);
        bool unfinished;
        bool wrong = eval_wrong_line(L, p.code, &unfinished) != 0;
        if (wrong && unfinished && !ends)
            continue;
        vec_push(A, out, p);
        return !wrong ? CUT_INPUTS : unfinished ? CUT_UNFINISHED : CUT_WRONG;
    }
}

static CutKind cut(lua_State *L, Arena *A, const char *text, Pieces *out)
{
    Lexer x = lexer(text, strlen(text));
    CutKind kind = CUT_INPUTS;
    for (Token t = lex_next(&x); t.kind != TOKEN_END && kind == CUT_INPUTS;)
        kind = cut_one(L, A, &x, &t, out);
    return kind;
}

Pieces pieces_of(lua_State *L, Arena *A, const char *text)
{
    Pieces pieces = {0}, one = {0};
    CutKind kind = cut(L, A, text, &pieces);
    if (kind == CUT_INPUTS && pieces.n > 1)
        return pieces;
    Piece whole = {.text = text, .code = text, .line = 1, .last = 1};
    bool unfinished;
    if (kind != CUT_INPUTS && pieces.n > 1) { /* the error that more of the text stands before */
        const Piece *last = &pieces.at[pieces.n - 1];
        int all = eval_wrong_line(L, text, &unfinished);
        if (all && all <= eval_wrong_line(L, last->text, &unfinished))
            whole = *last;
    }
    vec_push(A, &one, whole);
    return one;
}

/* Two empty lines end an input that does not parse: it is wrong, and wants to be told so. */
static bool gives_up(const char *text)
{
    size_t len = strlen(text);
    int empty = 0;
    while (len && strchr(" \t\n", text[len - 1]))
        empty += text[--len] == '\n';
    return empty >= 3;
}

bool pieces_go_on(lua_State *L, const char *text)
{
    if (gives_up(text))
        return false;
    Arena *A = arena_new(NULL);
    Pieces pieces = {0};
    CutKind kind = cut(L, A, text, &pieces);
    bool one = pieces.n <= 1;
    arena_release(A);
    return kind == CUT_WRONG || one ? eval_is_incomplete(L, text) : kind == CUT_UNFINISHED;
}
