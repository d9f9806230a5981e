/* mentions.h -- which of many texts answer a question.
**
**      Mentions m = find_mentions(L, A, &rows, "how do I split a loop?");
**
** Words count that tell something, split and loop here, and the more, the fewer texts mention them.
*/
#ifndef LUA_API_MENTIONS_H
#define LUA_API_MENTIONS_H

#include <stdbool.h>

#include <lua.h>

#include "core/base/arena.h"
#include "core/base/vec.h"

typedef struct HelpRow {
    const char *name, *doc;
    bool apart; /* an empty line stands above */
} HelpRow;

typedef VEC(HelpRow) HelpRowVec;
typedef VEC(const char *) WordVec;

typedef struct Mentions {
    HelpRowVec rows; /* those that are worth most, first the ones that say it in their names */
    WordVec words;   /* of the question, that the first of them mentions */
} Mentions;

/* A request to stop is raised: there may be many words. */
Mentions find_mentions(lua_State *L, Arena *A, const HelpRowVec *rows, const char *question);

#endif
