/* drive.c -- talks to a program through a terminal, as a script says.
**
**      pty-drive PROGRAM SCRIPT…
**
** A script is lines, each a word and its text:
**
**      case NAME           the next test; a fresh terminal of 80 columns, a fresh history
**      start ARGUMENTS     starts the program (arguments are split at blanks; none is usual)
**      with NAME=VALUE     sets a variable for the next start
**      columns N           the terminal of the next start is so wide
**      inks                from the next start on colours are allowed, and are shown as <1;31>
**      enter TEXT          waits for the prompt, then types TEXT and Enter
**      paste FILE          waits for the prompt, and pastes a ```lua block of the page, for each of them;
**                          afterwards, all that has been shown since counts as not expected yet
**      apart               the next start stands in $HERE, and `tutorials` is there
**      leave               waits for the prompt, types Ctrl-D, and the program ends with code 0
**      send TEXT           types at once; \r Enter, \t Tab, \e Escape, \xHH any byte, \\ a backslash
**      expect TEXT         waits until the screen has shown TEXT after what was expected before
**      within MS TEXT      the same, but it has to come that soon
**      absent TEXT         TEXT was not shown since what was expected before
**      wait MS             lets so much time pass
**      unread MS           the same, with nothing read: the terminal fills up
**      signal NAME         INT, HUP or WINCH, to the program
**      exit CODE           waits for the end, with that code
**      # anything          a comment
**
** $HERE in a text is a folder of this run's own, which is removed with all that is in it.
** What is typed while no prompt is shown may be lost with the terminal's mode: hence `enter`.
** Escape sequences that move within a line are obeyed, others left out; lines end with \n.  Prints
** "ok NAME" or what was missing and "not ok NAME".
*/
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, MOST_SHOWN = 1 << 20 };

typedef struct Terminal {
    int fd;
    pid_t child;
    char *shown;           /* the lines so far, as they stand after every overwriting */
    size_t len, seen;      /* all of it; what the script has expected so far */
    size_t line, cursor;   /* where the last line begins; where the next letter goes */
    int escape, parameter; /* state of reading an escape sequence */
    bool inks;             /* colours are shown, too */
    char ink[16];          /* the parameters of the sequence */
} Terminal;

typedef struct Test {
    char *program;
    const char *script;
    char name[128];
    bool begun, failed;
    int line;
    char folder[64];
    char with[8][128];
    int nwith, columns;
    bool apart;
} Test;

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the terminal ---- */

static void show_letter(Terminal *t, unsigned char c);

/* Obeys the escape sequences that move within a line or erase its end. */
static void end_sequence(Terminal *t, unsigned char c)
{
    size_t n = t->parameter > 0 ? (size_t)t->parameter : 1;
    if (c == 'C') {
        t->cursor = t->cursor + n < t->len ? t->cursor + n : t->len;
    } else if (c == 'D') {
        t->cursor = t->cursor - t->line > n ? t->cursor - n : t->line;
    } else if (c == 'K' && t->parameter == 0) {
        t->shown[t->len = t->cursor] = '\0';
        t->seen = t->seen < t->len ? t->seen : t->len; /* what comes in its place was not seen */
    } else if (c == 'P') {
        memmove(t->shown + t->cursor, t->shown + t->cursor + n,
                t->len > t->cursor + n ? (t->len -= n) - t->cursor + 1 : 0);
    }
    t->escape = 0;
    if (c == 'm' && t->inks) {
        char shown[sizeof t->ink + 2];
        snprintf(shown, sizeof shown, "<%s>", t->ink);
        for (const char *p = shown; *p; p++)
            show_letter(t, (unsigned char)*p);
    }
}

static void show_letter(Terminal *t, unsigned char c)
{
    if (t->len + 2 >= MOST_SHOWN)
        return;
    if (c == '\n')
        t->cursor = t->len;
    t->shown[t->cursor++] = (char)c;
    if (t->cursor > t->len)
        t->shown[t->len = t->cursor] = '\0';
    if (c == '\n')
        t->line = t->cursor;
}

/* Takes one byte in: 0 text, 1 after ESC, 2 in a CSI, 3 in an OSC. */
static void show_byte(Terminal *t, unsigned char c)
{
    if (t->escape == 1) {
        t->escape = c == '[' ? 2 : c == ']' ? 3 : 0;
        t->parameter = 0;
        t->ink[0] = '\0';
    } else if (t->escape == 2) {
        size_t n = strlen(t->ink);
        if (n + 1 < sizeof t->ink && c < 0x40)
            memcpy(t->ink + n, (char[]){(char)c, '\0'}, 2);
        if (isdigit(c))
            t->parameter = t->parameter * 10 + c - '0';
        else if (c >= 0x40 && c <= 0x7e)
            end_sequence(t, c);
    } else if (t->escape == 3) {
        if (c == 7)
            t->escape = 0;
    } else if (c == 27) {
        t->escape = 1;
    } else if (c == '\r') {
        t->cursor = t->line;
    } else if (c == 8) {
        t->cursor -= t->cursor > t->line;
    } else if (c == '\n' || c >= 32) {
        show_letter(t, c);
    }
}

/* Reads what comes within `ms`; false at the end of the output. */
static bool read_some(Terminal *t, int ms)
{
    struct pollfd in = {.fd = t->fd, .events = POLLIN};
    int ready = poll(&in, 1, ms);
    if (ready <= 0)
        return true;
    unsigned char bytes[4096];
    ssize_t n = read(t->fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        show_byte(t, bytes[i]);
    return n > 0;
}

static bool wait_for(Terminal *t, const char *text, int ms)
{
    long end = now_ms() + ms;
    for (bool more = true;;) {
        char *found = strstr(t->shown + t->seen, text);
        if (found) {
            t->seen = (size_t)(found - t->shown) + strlen(text);
            return true;
        }
        long left = end - now_ms();
        if (left <= 0 || !more)
            return false;
        more = read_some(t, (int)left);
    }
}

static void start(Test *test, Terminal *t, char *arguments)
{
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)test->columns};
    char *argv[34] = {test->program};
    for (int n = 1; n < 33 && (argv[n] = strtok(n == 1 ? arguments : NULL, " ")); n++) {
    }
    t->child = forkpty(&t->fd, NULL, NULL, &size);
    if (t->child == 0) {
        static const char *const own[] = {"COLUMNS", "LINES", "LESS", "LESSOPEN"};
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            unsetenv(own[i]);
        char history[96];
        snprintf(history, sizeof history, "%s/history", test->folder);
        setenv("TVMREPL_HISTORY", history, 1);
        setenv("TERM", "xterm", 1);
        setenv("PAGER", "cat", 1);
        setenv("NO_COLOR", t->inks ? "" : "1", 1);
        setenv("INPUTRC", "/dev/null", 1);
        for (int i = 0; i < test->nwith; i++)
            putenv(test->with[i]);
        char here[4096];
        bool stands = !test->apart ||
                      (getcwd(here, sizeof here - 16) && chdir(test->folder) == 0 &&
                       (symlink(strcat(here, "/tutorials"), "tutorials") == 0 || errno == EEXIST));
        if (stands)
            execv(test->program, argv);
        _exit(127);
    }
    test->nwith = 0;
    test->apart = false;
    t->len = t->seen = t->line = t->cursor = 0;
    t->escape = 0;
    t->shown[0] = '\0';
}

static void stop(Terminal *t)
{
    if (t->child > 0) {
        kill(t->child, SIGKILL);
        waitpid(t->child, NULL, 0);
        close(t->fd);
    }
    t->child = 0;
}

/* The exit code, or -1 if it does not end or dies. */
static int wait_exit(Terminal *t)
{
    int status;
    for (long end = now_ms() + PATIENCE_MS; now_ms() < end;) {
        read_some(t, 10);
        if (waitpid(t->child, &status, WNOHANG) == t->child) {
            close(t->fd);
            t->child = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
    }
    return -1;
}

/* ---- the script ---- */

static void unescape(char *s)
{
    char *out = s;
    for (; *s; s++) {
        if (*s != '\\') {
            *out++ = *s;
            continue;
        }
        s++;
        unsigned byte = 0;
        if (*s == 'x' && sscanf(s + 1, "%2x", &byte) == 1) {
            *out++ = (char)byte;
            s += 2;
        } else {
            *out++ = *s == 'r' ? '\r' : *s == 'n' ? '\n' : *s == 't' ? '\t' : *s == 'e' ? 27 : *s;
        }
    }
    *out = '\0';
}

static void type(Terminal *t, const char *keys)
{
    for (size_t n = strlen(keys); n;) {
        ssize_t written = write(t->fd, keys, n);
        if (written <= 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (written > 0) {
            keys += written;
            n -= (size_t)written;
        }
        read_some(t, 0);
    }
}

static void complain(Test *test, const Terminal *t, const char *what, const char *text)
{
    test->failed = true;
    printf("%s:%d: %s %s; shown since:\n%s\n", test->script, test->line, what, text,
           t->shown + t->seen);
}

static void at_prompt(Test *test, Terminal *t)
{
    if (!wait_for(t, "tvm> ", PATIENCE_MS))
        complain(test, t, "no prompt", "");
}

static void paste(Test *test, Terminal *t, const char *path)
{
    char line[4096];
    bool inside = false;
    size_t seen = t->seen;
    FILE *page = fopen(path, "r");
    if (!page) {
        complain(test, t, "cannot be read:", path);
        return;
    }
    while (!test->failed && fgets(line, sizeof line, page)) {
        if (strcmp(line, inside ? "```\n" : "```lua\n") != 0) {
            line[strcspn(line, "\n")] = '\r'; /* as terminals do */
            if (inside)
                type(t, line);
            continue;
        }
        inside = !inside;
        if (inside)
            at_prompt(test, t);
        type(t, inside ? "\x1b[200~" : "\x1b[201~\r");
    }
    fclose(page);
    at_prompt(test, t);
    t->seen = seen;
}

static void expect_exit(Test *test, Terminal *t, int wanted)
{
    int code = wait_exit(t);
    char text[64];
    snprintf(text, sizeof text, "%d, not %d", wanted, code);
    if (code != wanted)
        complain(test, t, "should end with code", text);
}

static void end_case(Test *test, Terminal *t)
{
    stop(t);
    if (test->begun)
        printf("%sok pty/%s\n", test->failed ? "not " : "", test->name);
    fflush(stdout);
}

static void begin_case(Test *test, const char *name)
{
    char history[96];
    snprintf(history, sizeof history, "%s/history", test->folder);
    unlink(history);
    snprintf(test->name, sizeof test->name, "%s", name);
    test->begun = true;
    test->failed = false;
    test->nwith = 0;
    test->columns = 80;
    test->apart = false;
}

static int signal_called(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } known[] = {{"INT", SIGINT}, {"HUP", SIGHUP}, {"WINCH", SIGWINCH}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].number;
    return 0;
}

static void obey(Test *test, Terminal *t, const char *word, char *text)
{
    if (strcmp(word, "start") == 0) {
        start(test, t, text);
    } else if (strcmp(word, "with") == 0 && test->nwith < 8) {
        snprintf(test->with[test->nwith++], sizeof test->with[0], "%s", text);
    } else if (strcmp(word, "columns") == 0) {
        test->columns = atoi(text);
    } else if (strcmp(word, "apart") == 0) {
        test->apart = true;
    } else if (strcmp(word, "paste") == 0) {
        paste(test, t, text);
    } else if (strcmp(word, "inks") == 0) {
        t->inks = true;
    } else if (strcmp(word, "send") == 0) {
        unescape(text);
        type(t, text);
    } else if (strcmp(word, "enter") == 0) {
        unescape(text);
        at_prompt(test, t);
        type(t, text);
        type(t, "\r");
    } else if (strcmp(word, "leave") == 0) {
        at_prompt(test, t);
        type(t, "\x04");
        expect_exit(test, t, 0);
    } else if (strcmp(word, "expect") == 0) {
        unescape(text);
        if (!wait_for(t, text, PATIENCE_MS))
            complain(test, t, "not shown:", text);
    } else if (strcmp(word, "within") == 0) {
        int ms = (int)strtol(text, &text, 10);
        text += *text == ' ';
        unescape(text);
        if (!wait_for(t, text, ms))
            complain(test, t, "not shown in time:", text);
    } else if (strcmp(word, "absent") == 0) {
        unescape(text);
        if (strstr(t->shown + t->seen, text))
            complain(test, t, "should not be shown:", text);
    } else if (strcmp(word, "wait") == 0) {
        for (long end = now_ms() + atoi(text); now_ms() < end;)
            read_some(t, 10);
    } else if (strcmp(word, "unread") == 0) {
        poll(NULL, 0, atoi(text));
    } else if (strcmp(word, "signal") == 0) {
        int number = signal_called(text);
        if (number)
            kill(t->child, number);
        else
            complain(test, t, "no signal that is known:", text);
    } else if (strcmp(word, "exit") == 0) {
        expect_exit(test, t, atoi(text));
    } else {
        complain(test, t, "no such word:", word);
    }
}

/* The text with the run's own folder for each $HERE; what has no room is left out. */
static void put_folder(char *out, size_t size, const char *text, const char *folder)
{
    const char *mark;
    size_t len = 0;
    for (; (mark = strstr(text, "$HERE")) && len < size; text = mark + strlen("$HERE"))
        len += (size_t)snprintf(out + len, size - len, "%.*s%s", (int)(mark - text), text, folder);
    if (len < size)
        snprintf(out + len, size - len, "%s", text);
}

/* Runs one script; returns whether a test in it failed. */
static bool run_script(Test *test, Terminal *t)
{
    FILE *f = fopen(test->script, "r");
    if (!f) {
        perror(test->script);
        return true;
    }
    char read[4096], line[4096];
    bool failed = false;
    for (test->line = 1; fgets(read, sizeof read, f); test->line++) {
        read[strcspn(read, "\n")] = '\0';
        put_folder(line, sizeof line, read, test->folder);
        char *text = strchr(line, ' ');
        if (text)
            *text++ = '\0';
        else
            text = line + strlen(line);
        if (line[0] == '#' || line[0] == '\0')
            continue;
        if (strcmp(line, "case") == 0) {
            end_case(test, t);
            begin_case(test, text);
            t->inks = false;
        } else if (!test->failed) {
            obey(test, t, line, text);
            failed = failed || test->failed;
        }
    }
    fclose(f);
    end_case(test, t);
    test->begun = false;
    return failed;
}

int main(int argc, char **argv)
{
    bool failed = false;
    Terminal t = {.shown = calloc(1, MOST_SHOWN)};
    Test test = {.folder = "/tmp/pty-drive-XXXXXX"};
    if (argc < 3 || !t.shown || !mkdtemp(test.folder)) {
        fprintf(stderr, "usage: pty-drive PROGRAM SCRIPT…\n");
        return 2;
    }
    test.program = realpath(argv[1], NULL);
    if (!test.program) {
        perror(argv[1]);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        test.script = argv[i];
        failed |= run_script(&test, &t);
    }
    char remove[96];
    snprintf(remove, sizeof remove, "rm -rf '%s'", test.folder);
    failed |= system(remove) != 0;
    free(t.shown);
    free(test.program);
    return failed;
}
