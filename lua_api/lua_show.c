/* lua_show.c -- how values show themselves. */
#include <string.h>

#include "lua_api/session.h"

bool lua_display(lua_State *L, int idx, const char *kind)
{
    void *self;
    const LuaClass *cls = lua_class_of(L, idx, &self);
    luaL_checkstack(L, 16, "display");
    return cls && self && cls->display && cls->display(L, self, kind) == 1;
}

bool lua_complete_names(lua_State *L, int idx, const char *prefix)
{
    void *self;
    const LuaClass *cls = lua_class_of(L, idx, &self);
    if (!cls || !self || !cls->names)
        return false;
    luaL_checkstack(L, 16, "names");
    cls->names(L, self);
    size_t len = strlen(prefix);
    lua_newtable(L);
    lua_Integer kept = 0, n = (lua_Integer)lua_rawlen(L, -2);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, -2, i);
        const char *name = lua_tostring(L, -1);
        if (name && strncmp(name, prefix, len) == 0)
            lua_rawseti(L, -2, ++kept);
        else
            lua_pop(L, 1);
    }
    lua_remove(L, -2);
    return true;
}

void lua_display_text(lua_State *L, int idx)
{
    if (!lua_display(L, idx, "text"))
        luaL_tolstring(L, idx, NULL);
}
