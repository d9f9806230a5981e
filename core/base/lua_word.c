/* lua_word.c -- the words and names of Lua. */
#include "core/base/lua_word.h"

#include <string.h>

const char *const lua_words[] = {"and",   "break", "do",       "else",  "elseif", "end",
                                 "false", "for",   "function", "goto",  "if",     "in",
                                 "local", "nil",   "not",      "or",    "repeat", "return",
                                 "then",  "true",  "until",    "while", NULL};

bool is_lua_word(const char *text, size_t len)
{
    for (const char *const *w = lua_words; *w; w++)
        if (strlen(*w) == len && memcmp(*w, text, len) == 0)
            return true;
    return false;
}

bool is_lua_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t len = strspn(text, letters);
    bool digit = text[0] >= '0' && text[0] <= '9';
    return len > 0 && !digit && !text[len] && !is_lua_word(text, len);
}
