/* prompt.c -- the interactive session, on GNU readline.
**
** Readline is driven by its callback interface, so that a signal between keys is seen at once.  An
** input may have many lines: Enter adds a line while the text does not parse yet, and the whole is
** one entry of the history.
*/
#include "repl/prompt.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <lauxlib.h>
#include <readline/readline.h>

#include "core/base/cancel.h"
#include "core/base/progress.h"
#include "backends/exec.h"
#include "lua_api/protect.h"
#include "lua_api/session.h"
#include "repl/answer.h"
#include "repl/complete.h"
#include "repl/eval.h"
#include "repl/habits.h"
#include "repl/history.h"
#include "repl/lexer.h"
#include "repl/pager.h"
#include "repl/paste.h"
#include "repl/pieces.h"
#include "repl/start.h"
#include "viz/text/wrap.h"

#define PROMPT  "tvm> "
#define GOES_ON "...> " /* before the further lines of an input */

/* Readline calls back without an argument of ours. */
static struct {
    lua_State *L;
    char *line; /* the input that was entered; NULL for the end of input */
    bool entered;
    bool dropped;       /* Ctrl-D gave the input up */
    bool aside;         /* who gives an input up is asked for no other */
    const char *begun;  /* what the input begins with, until it stands there; or NULL */
    bool ready;         /* readline knows our keys */
    bool pasting;       /* a pasted text is being read */
    bool broken;        /* Ctrl-C came while it was */
    const char *ending; /* the keys that end a pasted text, as far as they are not sent yet */
    sigset_t outside;   /* the signals that are held back while no input is read */
    volatile sig_atomic_t resized, hung_up;
} prompt;

/* ---- showing ---- */

/* Where the position `at` of the input stands once every further line begins with a mark. */
static int marked(int at)
{
    int moved = at;
    for (int i = 0; i < at && i < rl_end; i++)
        if (rl_line_buffer[i] == '\n')
            moved += (int)strlen(GOES_ON);
    return moved;
}

/* Calls draw() with a mark before each line of the input but the first.  The marks are no part of
** what is edited: readline sees them only while it draws. */
static void with_marks(void (*draw)(void))
{
    static char *shown;
    static size_t cap;
    char *text = rl_line_buffer;
    int point = rl_point, end = rl_end, mark = rl_mark;
    size_t need = (size_t)marked(end) + 1;
    if (need > cap && memchr(text, '\n', (size_t)end)) {
        char *more = realloc(shown, 2 * need);
        shown = more ? more : shown;
        cap = more ? 2 * need : cap;
    }
    if (need == (size_t)end + 1 || need > cap) {
        draw();
        return;
    }
    char *out = shown;
    for (int i = 0; i < end; i++) {
        *out++ = text[i];
        if (text[i] == '\n')
            out = stpcpy(out, GOES_ON);
    }
    *out = '\0';
    int shown_point = marked(point), shown_end = marked(end), shown_mark = marked(mark);
    rl_line_buffer = shown;
    rl_point = shown_point;
    rl_end = shown_end;
    rl_mark = shown_mark;
    draw();
    rl_line_buffer = text;
    rl_point = point;
    rl_end = end;
    rl_mark = mark;
}

static void draw_input(void)
{
    with_marks(rl_redisplay);
}

/* Readline tidies a resized screen up only if it thinks that it draws by itself. */
static void draw_resized(void)
{
    rl_redisplay_function = rl_redisplay;
    with_marks(rl_resize_terminal);
    rl_redisplay_function = draw_input;
}

/* ---- keys ---- */

static bool more_keys_wait(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    return paste_keeps_keys() || poll(&in, 1, 0) > 0;
}

/* How far the line below `text` is indented: two for each block and bracket that is open. */
static int indent_after(const char *text, size_t len)
{
    Lexer x = lexer(text, len);
    while (lex_next(&x).kind != TOKEN_END) {
    }
    int depth = x.blocks + x.brackets;
    return depth > 0 ? 2 * depth : 0;
}

/* The line of the input that the cursor is in. */
static int line_start(int at)
{
    while (at > 0 && rl_line_buffer[at - 1] != '\n')
        at--;
    return at;
}

static int line_end(int at)
{
    return at + (int)strcspn(rl_line_buffer + at, "\n");
}

/* Moves the line at the cursor out by one level if all it does is close a block or a list. */
static void move_closer(void)
{
    int start = line_start(rl_point);
    if (start == 0)
        return;
    int blanks = (int)strspn(rl_line_buffer + start, " ");
    Lexer x = lexer(rl_line_buffer + start, (size_t)(rl_point - start));
    Token t = lex_next(&x);
    bool closes = x.blocks < 0 || x.brackets < 0 || token_is(&t, "else") || token_is(&t, "elseif");
    int indent = indent_after(rl_line_buffer, (size_t)start) - 2;
    if (!closes || indent < 0 || blanks <= indent || more_keys_wait())
        return;
    rl_delete_text(start, start + blanks - indent);
    rl_point -= blanks - indent;
}

static void insert_line(void)
{
    move_closer();
    char line[82] = "\n";
    int indent = more_keys_wait() ? 0 : indent_after(rl_line_buffer, (size_t)rl_point);
    if (indent > 80)
        indent = 80;
    memset(line + 1, ' ', (size_t)indent);
    line[1 + indent] = '\0';
    rl_insert_text(line);
}

/* Prints a line below the input, which then stands below it once more. */
static void say_aside(const char *text, const char *more)
{
    const LuaView *view = lua_view(prompt.L);
    Arena *A = arena_scratch(NULL);
    Buf line = buf_new(A);
    wrap_text(&line, arena_printf(A, "%s%s", text, more), 0, 2, view->width);
    rl_crlf();
    fprintf(rl_outstream, view->color ? "\x1b[2m%s\x1b[0m" : "%s", buf_str(&line));
    rl_crlf();
    rl_on_new_line();
    rl_redisplay();
    arena_release(A);
}

static int on_enter(int count, int key)
{
    if (pieces_go_on(prompt.L, rl_line_buffer)) {
        const char *hint = habit_unfinished(rl_line_buffer);
        if (hint && !strchr(rl_line_buffer, '\n'))
            say_aside(hint, "   (Ctrl-C gives this one up)");
        insert_line();
        return 0;
    }
    rl_point = rl_end;
    move_closer();
    return rl_newline(count, key);
}

/* Ctrl-D on an empty line below others gives the whole input up; on one with text it deletes. */
static int on_end_of_input(int count, int key)
{
    int start = line_start(rl_point);
    if (start == 0 || rl_point < rl_end ||
        rl_line_buffer[start + (int)strspn(rl_line_buffer + start, " ")])
        return rl_delete(count, key);
    prompt.dropped = true;
    return 0;
}

static int on_paste(int count, int key)
{
    prompt.pasting = true;
    int result = rl_bracketed_paste_begin(count, key);
    prompt.pasting = false;
    return result;
}

/* Of a pasted text whose beginning is not known any more. */
static int on_paste_end(int count, int key)
{
    (void)count, (void)key;
    return 0;
}

static int on_meta_enter(int count, int key)
{
    (void)count, (void)key;
    insert_line();
    return 0;
}

static int on_home(int count, int key)
{
    (void)count, (void)key;
    rl_point = line_start(rl_point);
    return 0;
}

static int on_end(int count, int key)
{
    (void)count, (void)key;
    rl_point = line_end(rl_point);
    return 0;
}

/* Cuts to the end of the line, or the newline if the cursor is there. */
static int on_kill(int count, int key)
{
    (void)count, (void)key;
    int end = line_end(rl_point);
    rl_kill_text(rl_point, end == rl_point && end < rl_end ? end + 1 : end);
    return 0;
}

/* Up and Down walk the lines of an input, and beyond its first or last line the history. */
static int on_up(int count, int key)
{
    int start = line_start(rl_point);
    if (start == 0)
        return rl_get_previous_history(count, key);
    int column = rl_point - start, above = line_start(start - 1);
    rl_point = above + column < start - 1 ? above + column : start - 1;
    return 0;
}

static int on_down(int count, int key)
{
    int end = line_end(rl_point), column = rl_point - line_start(rl_point);
    if (end == rl_end)
        return rl_get_next_history(count, key);
    int last = line_end(end + 1);
    rl_point = end + 1 + column < last ? end + 1 + column : last;
    return 0;
}

/* ---- Tab ---- */

static char *next_word(const char *text, int state)
{
    static lua_Integer i;
    (void)text;
    if (state == 0)
        i = 0;
    lua_State *L = prompt.L;
    char *word = NULL;
    if (lua_istable(L, -1) && lua_rawgeti(L, -1, ++i) == LUA_TSTRING)
        word = strdup(lua_tostring(L, -1));
    if (lua_istable(L, -2))
        lua_pop(L, 1);
    return word;
}

static void show_signature(const char *text)
{
    complete_push_signature(prompt.L, text);
    if (lua_isstring(prompt.L, -1)) {
        rl_crlf();
        fprintf(rl_outstream, "%s", lua_tostring(prompt.L, -1));
        rl_crlf();
        rl_on_new_line();
        rl_redisplay();
    }
    lua_pop(prompt.L, 1);
}

static char **complete(const char *word, int start, int end)
{
    (void)word, (void)start;
    lua_State *L = prompt.L;
    size_t from;
    char *text = strndup(rl_line_buffer, (size_t)end);
    CompleteKind kind = complete_push(L, text, &from);
    rl_attempted_completion_over = 1;
    rl_completion_append_character = '\0';
    rl_completion_suppress_quote = 1;
    char **matches = NULL;
    if (kind == COMPLETE_FILES) {
        matches = rl_completion_matches(text + from, rl_filename_completion_function);
        rl_filename_completion_desired = 1;
    } else if (from == (size_t)end && end > 0 && strchr("(,", text[end - 1])) {
        show_signature(text);
    } else {
        rl_filename_completion_desired = 0;
        matches = rl_completion_matches(text + from, next_word);
    }
    lua_pop(L, 1);
    free(text);
    return matches;
}

/* Where readline's word begins: what complete() will find. */
static char *word_breaks(void)
{
    static char breaks[] = " \t\n\"'`@$><=;|&{(:.,+-*/%^#~[])}";
    static char in_string[] = "\"'";
    lua_State *L = prompt.L;
    char *text = strndup(rl_line_buffer, (size_t)rl_point);
    size_t from;
    CompleteKind kind = complete_push(L, text, &from);
    bool quoted = from > 0 && (text[from - 1] == '"' || text[from - 1] == '\'');
    lua_pop(L, 1);
    free(text);
    return kind == COMPLETE_FILES || quoted ? in_string : breaks;
}

/* ---- reading ---- */

static void on_line(char *line)
{
    prompt.line = line;
    prompt.entered = true;
    rl_callback_handler_remove();
    progress_yield(false); /* Enter ended the line */
}

static void on_resize(int sig)
{
    (void)sig;
    prompt.resized = 1;
}

/* The terminal is gone: what runs stops as by Ctrl-C, and the session ends as by Ctrl-D. */
static void on_hangup(int sig)
{
    (void)sig;
    prompt.hung_up = 1;
    kill(getpid(), SIGINT);
}

/* With Ctrl-C the terminal throws away what was typed before it and not read yet, and only the
** terminal knows where that ends.  It may be the very key that was announced: reading does not wait
** for another. */
static void prepare_terminal(int meta)
{
    struct termios t;
    rl_prep_terminal(meta);
    if (tcgetattr(STDIN_FILENO, &t) == 0) {
        t.c_lflag &= ~(tcflag_t)NOFLSH;
        t.c_cc[VMIN] = 0;
        t.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
    }
}

/* The signals that an input is read with. */
static sigset_t held_back(void)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGWINCH);
    return ours;
}

/* Waits for a key or a signal, and lets in what has come: ppoll does so only where no key waits.
** What poll says of the terminal; 0 after a signal, -1 if there is no waiting. */
static int wait_for_key(void)
{
    if (paste_keeps_keys())
        return POLLIN;
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = ppoll(&in, 1, NULL, &prompt.outside), why = errno;
    sigset_t ours = held_back();
    pthread_sigmask(SIG_SETMASK, &prompt.outside, NULL);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
    return ready > 0 ? in.revents : ready < 0 && why != EINTR ? -1 : 0;
}

static bool interrupt_pending(void)
{
    sigset_t now;
    return sigpending(&now) == 0 && sigismember(&now, SIGINT) == 1;
}

/* For readline, which reads several keys at a time: what is typed behind a Ctrl-C is of another
** line. */
static int key_follows(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int ms = rl_set_keyboard_input_timeout(-1) / 1000;
    return !interrupt_pending() && (paste_keeps_keys() || poll(&in, 1, ms) > 0);
}

/* The next key for readline.  Behind a Ctrl-C none is of this line, which is given up anyhow: a key
** that does nothing stands for it, or in the middle of several those that end a pasted text.  (One
** that is typed at the very moment at which an earlier one is read, with Ctrl-C between them, goes
** with the line: the terminal does not tell which of them it gave.) */
static int read_key(FILE *terminal)
{
    (void)terminal;
    unsigned char key;
    for (int seen = POLLIN;; seen = wait_for_key()) {
        if (cancel_asked() || prompt.hung_up || interrupt_pending()) {
            prompt.broken = prompt.broken || prompt.pasting;
            return RL_ISSTATE(RL_STATE_MOREINPUT) && *prompt.ending ? *prompt.ending++ : 0;
        }
        int behind = paste_kept_key();
        if (behind >= 0)
            return behind;
        ssize_t n = read(STDIN_FILENO, &key, 1);
        if (n == 1)
            return key;
        if ((n < 0 && errno != EINTR && errno != EAGAIN) || seen < 0 || (seen & ~POLLIN))
            return EOF;
    }
}

static void set_up(lua_State *L)
{
    prompt.L = L;
    if (prompt.ready)
        return;
    prompt.ready = true;
    rl_readline_name = "tvmrepl";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_prep_term_function = prepare_terminal;
    rl_getc_function = read_key;
    rl_input_available_hook = key_follows;
    rl_attempted_completion_function = complete;
    rl_completion_word_break_hook = word_breaks;

    rl_basic_quote_characters = "";
    rl_completer_quote_characters = "";
    rl_variable_bind("bell-style", "none");
    rl_initialize();
    /* Set before, readline would not ask what the terminal can do */
    rl_redisplay_function = draw_input;
    static const struct {
        const char *keys;
        rl_command_func_t *run;
    } keys[] = {
        {"\\C-m", on_enter},        {"\\C-j", on_enter},     {"\\e\\C-m", on_meta_enter},
        {"\\e[A", on_up},           {"\\eOA", on_up},        {"\\e[B", on_down},
        {"\\eOB", on_down},         {"\\C-a", on_home},      {"\\e[H", on_home},
        {"\\eOH", on_home},         {"\\C-e", on_end},       {"\\e[F", on_end},
        {"\\eOF", on_end},          {"\\C-k", on_kill},      {"\\e[1~", on_home},
        {"\\e[4~", on_end},         {"\\e[7~", on_home},     {"\\e[8~", on_end},
        {"\\C-d", on_end_of_input}, {PASTE_BEGIN, on_paste}, {PASTE_END, on_paste_end},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        rl_bind_keyseq(keys[i].keys, keys[i].run);
    struct sigaction act = {.sa_handler = on_resize};
    sigaction(SIGWINCH, &act, NULL);
    struct sigaction before;
    act.sa_handler = on_hangup;
    sigaction(SIGHUP, &act, &before);
    if (before.sa_handler == SIG_IGN) /* nohup */
        sigaction(SIGHUP, &before, NULL);
    history_open();
}

/* Throws away what was typed, says so, and asks anew. */
static void drop_line(const char *shown, const char *word)
{
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_point = rl_end;
    fputs(word, rl_outstream);
    fflush(rl_outstream);
    if (cancel_asked())
        paste_drop_rest(prompt.broken);
    prompt.broken = false;
    rl_callback_handler_remove();
    fputc('\n', rl_outstream);
    protect_rest(prompt.L);
    if (prompt.aside)
        on_line(strdup(""));
    else
        rl_callback_handler_install(shown, on_line);
}

/* Reads one input into malloc'ed memory; NULL at the end.  Signals are let in only while nothing
** else happens, so that none falls between looking for it and waiting. */
static char *read_input(const char *shown)
{
    sigset_t ours = held_back();
    pthread_sigmask(SIG_BLOCK, &ours, &prompt.outside);
    protect_rest(prompt.L); /* what was asked to stop since the last input ended is over */
    prompt.entered = false;
    prompt.line = NULL;
    rl_callback_handler_install(shown, on_line);
    if (prompt.begun) {
        rl_insert_text(prompt.begun);
        prompt.begun = NULL;
        draw_input();
    }
    while (!prompt.entered) {
        if (prompt.hung_up) {
            on_line(NULL);
            continue;
        }
        bool heard = cancel_asked() || prompt.resized; /* while a pasted text was waited for */
        int seen = heard ? 0 : wait_for_key();
        if (prompt.hung_up)
            continue;
        if (cancel_asked()) {
            drop_line(shown, "^C");
            continue;
        }
        if (prompt.resized) {
            prompt.resized = 0;
            draw_resized();
        }
        prompt.ending = PASTE_END;
        if (seen > 0)
            rl_callback_read_char();
        if (prompt.dropped)
            drop_line(shown, "^D   nothing of this was run");
        prompt.dropped = false;
        if (seen < 0)
            on_line(NULL);
    }
    pthread_sigmask(SIG_SETMASK, &prompt.outside, NULL);
    return prompt.line;
}

/* Takes prompts away that were pasted along, from every line if the first has one. */
static void strip_prompts(char *text)
{
    _Static_assert(sizeof PROMPT == sizeof GOES_ON, "the lines of an input stand below each other");
    size_t n = strlen(PROMPT);
    if (strncmp(text, PROMPT, n) != 0)
        return;
    char *out = text;
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        if (strncmp(line, PROMPT, n) == 0 || strncmp(line, GOES_ON, n) == 0)
            line += n;
        size_t len = end ? (size_t)(end + 1 - line) : strlen(line);
        memmove(out, line, len);
        out += len;
        line = end ? end + 1 : NULL;
    }
    *out = '\0';
}

/* Reads the next line where no terminal is; false at the end.  A request to stop from before is
** done with: it drops the line that has only begun, whose rest may come later and is no input
** either, and *dropped says so. */
static bool next_line(lua_State *L, char **line, size_t *cap, size_t *len, bool *dropped)
{
    *dropped = false;
    for (bool within = false;;) {
        clearerr(stdin);
        ssize_t n = getline(line, cap, stdin);
        bool stopped = cancel_asked();
        protect_rest(L);
        *len = n > 0 ? (size_t)n : 0;
        if (stopped && ferror(stdin)) {
            within = within || n > 0;
            *dropped = true;
        } else if (within && n > 0) {
            within = false;
        } else {
            return n > 0;
        }
    }
}

/* Without a terminal on both sides: line by line, no prompts, no editing. */
static int run_plain(lua_State *L)
{
    char *text = calloc(1, 1), *line = NULL;
    size_t len = 0, cap = 0, n;
    int number = 0;
    bool stays = true, dropped = false;
    while (stays && text && next_line(L, &line, &cap, &n, &dropped)) {
        len = dropped ? 0 : len;
        char *more = realloc(text, len + n + 1);
        if (!more)
            break;
        text = more;
        memcpy(text + len, line, n + 1);
        len += n;
        if (eval_is_incomplete(L, text))
            continue;
        if (text[len - 1] == '\n')
            text[len - 1] = '\0';
        stays = answer_input(L, text, ++number);
        len = 0;
        text[0] = '\0';
    }
    if (stays && text && len && !dropped)
        answer_input(L, text, ++number);
    free(text);
    free(line);
    return EXIT_ok;
}

/* What stands before an input. */
static const char *shown_prompt(lua_State *L)
{
    return lua_view(L)->color ? "\001\033[1;36m\002" PROMPT "\001\033[0m\002" : PROMPT;
}

/* Reads an input and keeps it; NULL at the end. */
static char *next_input(lua_State *L)
{
    char *text = read_input(shown_prompt(L));
    if (text) {
        strip_prompts(text);
        history_keep(text);
    }
    return text;
}

char *prompt_ask(lua_State *L, const char *begun)
{
    lua_State *before = prompt.L;
    set_up(L);
    prompt.begun = begun;
    prompt.aside = true;
    char *text = next_input(L);
    prompt.aside = false;
    if (text && answer_leaves(L, text)) {
        free(text);
        text = NULL;
    }
    prompt.L = before;
    return text;
}

int prompt_run(lua_State *L)
{
    protect_watch(L, true);
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return run_plain(L);
    set_up(L);
    session_of(L)->page = pager_show;
    start_banner(L, stdout);
    exec_start(); /* while the person reads, LLVM gets ready */
    char *text;
    bool stays = true;
    int number = 0;
    while (stays && (text = next_input(L))) {
        stays = answer_lines(L, text, &number);
        free(text);
    }
    if (stays)
        putchar('\n'); /* Ctrl-D leaves the cursor behind the prompt */
    return EXIT_ok;
}
