/* main.c -- the program: reads its arguments, and hands the work on.
**
**      tvmrepl                     the prompt; a script on standard input if that is no terminal
**      tvmrepl file.lua args…      a script
**      tvmrepl -e CODE             an input, as if typed
*/
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "backends/exec.h"
#include "backends/worker/worker.h"
#include "lua_api/file_kind.h"
#include "lua_api/protect.h"
#include "lua_api/session.h"
#include "repl/eval.h"
#include "repl/json.h"
#include "repl/prompt.h"
#include "repl/start.h"
#include "viz/draw.h"

typedef int CommandFn(int argc, char **argv);

typedef struct Command {
    const char *word;
    CommandFn *run;
    const char *arguments, *doc;
} Command;

static const Command commands[] = {
#define COMMAND(word, function, arguments, doc) {word, function, arguments, doc},
#include "repl/commands.def"
#undef COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

typedef struct Options {
    const char **code; /* of each -e, in order */
    int ncode;
    bool interactive, json, json_program, stdin_script;
    int script; /* index of the script's path in argv, or 0 */
} Options;

static void usage(FILE *out)
{
    fputs("usage: tvmrepl [options] [file.lua [arguments…]]\n"
          "  (nothing)     the prompt; where standard input is no terminal, a script on it\n"
          "  file.lua      run a script; `arg` holds its arguments\n"
          "  -             run the script on standard input\n"
          "  -e CODE       run CODE as if it were typed, and print its value\n"
          "  -i            the prompt after -e or the script\n"
          "  --json        print each result as a line of JSON (docs/json.md)\n"
          "  --json=program\n"
          "                the same, and errors bring the program with the place marked\n"
          "  --version     the version\n"
          "  --features    what this build and this machine can do\n"
          "  --help        this\n",
          out);
    for (int i = 0; i < COMMANDS; i++) {
        const Command *c = &commands[i];
        int wide = (int)(strlen(c->word) + strlen(c->arguments)) + 1, room = 13;
        fprintf(out, "  %s %s", c->word, c->arguments);
        fprintf(out, wide < room ? "%*s%s\n" : "\n%*s%s\n",
                wide < room ? room + 1 - wide : room + 3, "", c->doc);
    }
    fputs("environment: NO_COLOR, CLICOLOR_FORCE=1, TMPDIR; PAGER (less if it is not set);\n"
          "  COLUMNS: how wide lines are in a file or a pipe, where they are whole without\n"
          "exit codes: 0 ok, 1 error, 2 usage, 4 syntax error, 130 interrupted\n",
          out);
}

static int refuse(const char *why, const char *word)
{
    fprintf(stderr, "tvmrepl: %s %s\n  tvmrepl --help shows how it is called\n", why, word);
    return EXIT_usage;
}

/* Returns -1 to go on, or the exit code. */
static int read_options(int argc, char **argv, Options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (strcmp(a, "-e") == 0) {
            if (++i == argc)
                return refuse("no code behind", a);
            o->code[o->ncode++] = argv[i];
        } else if (strcmp(a, "-i") == 0) {
            o->interactive = true;
        } else if (strcmp(a, "--json") == 0) {
            o->json = true;
        } else if (strcmp(a, "--json=program") == 0) {
            o->json = o->json_program = true;
        } else if (strcmp(a, "--version") == 0) {
            return printf("tvmrepl %s\n", TVMREPL_VERSION) > 0 ? EXIT_ok : EXIT_failed;
        } else if (strcmp(a, "--features") == 0) {
            start_features(stdout);
            return EXIT_ok;
        } else if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
            usage(stdout);
            return EXIT_ok;
        } else if (strcmp(a, "-") == 0) {
            o->stdin_script = true;
            o->script = i;
            return -1;
        } else if (strcmp(a, "--") == 0) {
            o->script = i + 1 < argc ? i + 1 : 0;
            return -1;
        } else if (a[0] == '-') {
            return refuse("there is no option", a);
        } else {
            o->script = i;
            return -1;
        }
    }
    return -1;
}

/* The kind of a file that is there, and is no script but something else that has a reader. */
static const FileKind *data_file(const char *path)
{
    const FileKind *kind = file_kind(path);
    return kind && kind->variable && access(path, R_OK) == 0 ? kind : NULL;
}

static int refuse_data(const char *path, const FileKind *kind)
{
    fprintf(stderr, "tvmrepl: %s is %s, no script\n  tvmrepl -i -e '%s = ", path, kind->is,
            kind->variable);
    fprintf(stderr, kind->reader, quote_path(path).text);
    fputs("' reads it\n", stderr);
    return EXIT_usage;
}

static void set_arguments(lua_State *L, int argc, char **argv, int script)
{
    lua_createtable(L, argc - script, script + 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

static EvalStatus run_script(lua_State *L, int argc, char **argv, const Options *o)
{
    set_arguments(L, argc, argv, o->script);
    return eval_file(L, o->stdin_script ? NULL : argv[o->script], argc - o->script - 1,
                     argv + o->script + 1, stderr);
}

static int run(lua_State *L, int argc, char **argv, const Options *o)
{
    EvalStatus status = EVAL_OK;
    bool prompt = o->interactive || (!o->ncode && !o->script && isatty(STDIN_FILENO));
    session_of(L)->view.json = o->json;
    session_of(L)->view.json_program = o->json_program;
    if (o->json)
        json_take_print(L, stdout);
    protect_watch(L, false);
    for (int i = 0; i < o->ncode && status == EVAL_OK; i++)
        status = eval_input(L, o->code[i], "=-e", stdout, stderr);
    if (status == EVAL_OK && o->script)
        status = run_script(L, argc, argv, o);
    else if (status == EVAL_OK && !o->ncode && !prompt)
        status = eval_file(L, NULL, 0, NULL, stderr);
    if (prompt && (status == EVAL_OK || o->interactive))
        return prompt_run(L);
    return eval_exit_code(status);
}

int main(int argc, char **argv)
{
    /* A limit on the size of files is an error of the write, not the end */
    signal(SIGXFSZ, SIG_IGN);
    int served = worker_main(argc, argv, NULL);
    if (served < 0)
        served = draw_main(argc, argv);
    if (served >= 0)
        return served;
    for (int i = 0; argc > 1 && i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].word) == 0)
            return commands[i].run(argc - 1, argv + 1);
    Options o = {.code = calloc((size_t)argc, sizeof *o.code)};
    int code = o.code ? read_options(argc, argv, &o) : EXIT_failed;
    const FileKind *data = o.script && !o.stdin_script ? data_file(argv[o.script]) : NULL;
    if (code < 0 && data)
        code = refuse_data(argv[o.script], data);
    if (code < 0) {
        lua_State *L = start_session();
        code = L ? run(L, argc, argv, &o) : EXIT_failed;
        if (L) {
            protect_unwatch();
            lua_close(L);
            exec_shutdown();
        }
    }
    free(o.code);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("tvmrepl: standard output");
        code = code ? code : EXIT_failed;
    }
    return code;
}
