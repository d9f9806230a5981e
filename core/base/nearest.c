/* nearest.c -- edit distance between short names. */
#include "core/base/nearest.h"

#include <ctype.h>
#include <string.h>

enum {
    LONGEST = 48,      /* longer names are never compared */
    LETTER = 4,        /* cost of one edit; a letter of the other case costs 1 */
    TWICE = 2,         /* of a letter that stands twice in one name, and once in the other */
    PART = LETTER + 1, /* of a candidate of which the word is a part: behind those one edit away */
    BEFORE_END = 8, /* where that is the last part, so many letters before it cost 1 more, so that
                          of two such candidates the shorter one is nearer */
};

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int replace_cost(char a, char b)
{
    if (a == b)
        return 0;
    return tolower((unsigned char)a) == tolower((unsigned char)b) ? 1 : LETTER;
}

/* Of the i-th letter, counted from 1, that the other name lacks. */
static int lack_cost(const char *s, size_t i)
{
    return i > 1 && s[i - 1] == s[i - 2] && isalpha((unsigned char)s[i - 1]) ? TWICE : LETTER;
}

/* Optimal string alignment, keeping the last three rows. */
static int distance(const char *a, size_t na, const char *b, size_t nb)
{
    int row[3][LONGEST + 1];
    row[0][0] = 0;
    for (size_t j = 1; j <= nb; j++)
        row[0][j] = row[0][j - 1] + lack_cost(b, j);
    for (size_t i = 1; i <= na; i++) {
        int *now = row[i % 3], *above = row[(i + 2) % 3], *above2 = row[(i + 1) % 3];
        now[0] = above[0] + lack_cost(a, i);
        for (size_t j = 1; j <= nb; j++) {
            int d = above[j - 1] + replace_cost(a[i - 1], b[j - 1]);
            d = least(d, least(above[j] + lack_cost(a, i), now[j - 1] + lack_cost(b, j)));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = least(d, above2[j - 2] + LETTER);
            now[j] = d;
        }
    }
    return row[na % 3][nb];
}

Nearest nearest_to(const char *word)
{
    size_t n = strlen(word);
    int edits = n <= 2 ? 0 : n <= 5 ? 1 : n <= 8 ? 2 : 3;
    return (Nearest){word, NULL, edits * LETTER + 3};
}

void nearest_try(Nearest *n, const char *candidate)
{
    size_t a = strlen(n->word), b = strlen(candidate);
    if (a == 0 || a > LONGEST || b > LONGEST)
        return;
    int d = distance(n->word, a, candidate, b);
    if (a >= 3 && b > a && strncmp(n->word, candidate, a) == 0)
        d = least(d, PART);
    if (a >= 4 && b > a && candidate[b - a - 1] == '_' && strcmp(candidate + b - a, n->word) == 0)
        d = least(d, PART + (int)(b - a) / BEFORE_END);
    if (d < n->distance || (d == n->distance && n->best && strcmp(candidate, n->best) < 0)) {
        n->best = candidate;
        n->distance = d;
    }
}
