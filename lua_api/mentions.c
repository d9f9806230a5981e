/* mentions.c -- words of a question in texts. */
#include "lua_api/mentions.h"

#include <ctype.h>
#include <string.h>

#include "lua_api/protect.h"

/* The letters of a word without the s of many: "loops", but not "bias", "axis", "class". */
static size_t single(const char *word, size_t len)
{
    return len > 3 && word[len - 1] == 's' && !strchr("ais", word[len - 2]) ? len - 1 : len;
}

/* The words of a question that tell what it is about, each once. */
static WordVec telling_words(lua_State *L, Arena *A, const char *question)
{
    static const char *const others[] = {"a",  "an", "the", "how", "do",  "does", "i",     "to",
                                         "of", "is", "are", "in",  "can", "what", "which", "my",
                                         "me", "it", "for", "and", "or",  "with", "on",    "up"};
    WordVec words = {0};
    for (const char *at = question; *at;) {
        static const char between[] = " \t,.;:?!()\"'";
        size_t len = strcspn(at, between);
        const char *word = arena_strndup(A, at, single(at, len));
        bool tells = len > 0;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            tells = tells && strcasecmp(word, others[i]) != 0;
        for (size_t i = 0; tells && i < words.n; i++)
            tells = strcasecmp(word, words.at[i]) != 0;
        protect_poll(L);
        if (tells)
            vec_push(A, &words, word);
        at += len + strspn(at + len, between);
    }
    return words;
}

/* Does a word of the text begin so?  Words begin inside of names, too: cache_read, GraphBuilder. */
static bool has_word(const char *text, const char *word)
{
    for (const char *at = text; (at = strcasestr(at, word)) != NULL; at++)
        if (at == text || !isalnum((unsigned char)at[-1]) ||
            (isupper((unsigned char)at[0]) && islower((unsigned char)at[-1])))
            return true;
    return false;
}

static bool mentions(const HelpRow *row, const char *word)
{
    return has_word(row->name, word) || has_word(row->doc, word);
}

typedef struct Question {
    Arena *arena;
    const HelpRowVec *rows;
    WordVec words;
    int64_t *seldom; /* of each word: the more, the fewer texts mention it */
} Question;

/* What the words in a row sum up to: all that it mentions, and those in its name. */
typedef struct Worth {
    int64_t all, named;
} Worth;

static Worth worth(const Question *s, const HelpRow *row)
{
    Worth sum = {0};
    for (size_t i = 0; i < s->words.n; i++) {
        sum.all += mentions(row, s->words.at[i]) ? s->seldom[i] : 0;
        sum.named += has_word(row->name, s->words.at[i]) ? s->seldom[i] : 0;
    }
    return sum;
}

static HelpRowVec best_rows(lua_State *L, const Question *s)
{
    HelpRowVec best = {0};
    int64_t most = 1;
    for (size_t k = 0; k < s->rows->n; k++) {
        const HelpRow *row = &s->rows->at[k];
        Worth w = worth(s, row);
        protect_poll(L);
        if (w.all < most)
            continue;
        if (w.all > most)
            best.n = 0;
        most = w.all;
        vec_push(s->arena, &best, *row);
        for (size_t i = best.n - 1; i && worth(s, &best.at[i - 1]).named < w.named; i--) {
            best.at[i] = best.at[i - 1];
            best.at[i - 1] = *row;
        }
    }
    return best;
}

Mentions find_mentions(lua_State *L, Arena *A, const HelpRowVec *rows, const char *question)
{
    enum { ALL = 1 << 20 };
    Question q = {.arena = A, .rows = rows, .words = telling_words(L, A, question)};
    q.seldom = ARENA_ARRAY(A, int64_t, q.words.n + 1);
    for (size_t i = 0; i < q.words.n; i++) {
        int n = 0;
        protect_poll(L);
        for (size_t k = 0; k < rows->n; k++)
            n += mentions(&rows->at[k], q.words.at[i]);
        q.seldom[i] = n ? ALL / n : 0;
    }
    Mentions m = {.rows = best_rows(L, &q)};
    for (size_t i = 0; i < q.words.n && m.rows.n; i++)
        if (mentions(&m.rows.at[0], q.words.at[i]))
            vec_push(A, &m.words, q.words.at[i]);
    return m;
}
