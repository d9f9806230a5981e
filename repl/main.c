/* main.c -- the program. */
#include <stdio.h>

#include "lua_api/lua_fn.h"

int main(int argc, char **argv)
{
    lua_State *L = luaL_newstate();
    lua_open_workbench(L);
    for (int i = 1; i < argc; i++)
        if (luaL_dostring(L, argv[i]))
            fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
    lua_close(L);
    return 0;
}
