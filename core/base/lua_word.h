/* lua_word.h -- which names Lua takes as they stand: for what the workbench advises to type. */
#ifndef CORE_BASE_LUA_WORD_H
#define CORE_BASE_LUA_WORD_H

#include <stdbool.h>
#include <stddef.h>

/* The words that Lua keeps for itself, by the alphabet; NULL ends them. */
extern const char *const lua_words[];

/* Are these `len` bytes one of them? */
bool is_lua_word(const char *text, size_t len);

/* Can the text stand bare in t.NAME and { NAME = 1 }? */
bool is_lua_name(const char *text);

#endif
