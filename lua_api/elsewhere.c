/* elsewhere.c -- names that are asked of the wrong thing, and what is likely to be meant. */
#include "lua_api/elsewhere.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/lua_word.h"
#include "core/base/nearest.h"
#include "lua_api/doc.h"
#include "lua_api/graph_box.h"
#include "lua_api/own_name.h"
#include "lua_api/program.h"
#include "lua_api/session.h"

static const char *by_name(const char *owner)
{
    static const struct {
        const char *owner, *what;
    } rows[] = {
#define BY_NAME(owner, what) {owner, what},
#include "lua_api/old_names.def"
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].owner, owner) == 0)
            return rows[i].what;
    return NULL;
}

int lua_goes_by_name(lua_State *L, const char *owner, const char *key)
{
    const char *how = by_name(owner);
    assert(how);
    return RAISE(L, no_member, NULL, owner, key, "",
                 lua_pushfstring(L, "%s; help \"%s\" lists the methods", how, owner));
}

const char *lua_instead(const char *owner, const char *key)
{
    static const struct {
        const char *owner, *name, *what;
    } rows[] = {
#define INSTEAD(owner, name, what) {owner, name, what},
#include "lua_api/old_names.def"
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].owner, owner) == 0 && strcmp(rows[i].name, key) == 0)
            return rows[i].what;
    return NULL;
}

static const struct {
    const char *class, *how;
} made[] = {
#define MADE(class, how) {class, how},
#include "lua_api/old_names.def"
};

bool lua_push_how_another(lua_State *L, const char *class, const char *name)
{
    static const struct {
        const char *class, *how;
    } rows[] = {
#define ANOTHER(class, how) {class, how},
#include "lua_api/old_names.def"
    };
    const char *how = NULL, *first = lua_pushlstring(L, name, strcspn(name, "0123456789"));
    lua_getglobal(L, first);
    const LuaClass *cls = lua_class_of(L, -1, NULL);
    for (size_t i = 0; cls && i < sizeof rows / sizeof *rows; i++)
        how = strcmp(rows[i].class, cls->name) == 0 ? rows[i].how : how;
    bool known = how && strcmp(first, name) != 0 && (!class || strcmp(cls->name, class) == 0);
    if (known) {
        char letter[32];
        own_push_text(L, how, own_letter(cls, letter), first);
        lua_pushfstring(L, "%s = %s makes one of %s", name, lua_tostring(L, -1), first);
        lua_replace(L, -4);
    }
    lua_pop(L, 2);
    return known;
}

const char *lua_push_owners(lua_State *L, const char *first, const char *key)
{
    const LuaClass *cls, *last = NULL;
    for (int i = 0; (cls = doc_class(L, i)); i++)
        if (strcmp(cls->name, first) != 0 && doc_method(L, cls->name, key))
            last = cls;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, first);
    for (int i = 0; (cls = doc_class(L, i)); i++)
        if (strcmp(cls->name, first) != 0 && doc_method(L, cls->name, key)) {
            luaL_addstring(&b, cls == last ? " and " : ", ");
            luaL_addstring(&b, cls->name);
        }
    luaL_pushresult(&b);
    return lua_tostring(L, -1);
}

bool lua_push_how_made(lua_State *L, const char *method, const char *name)
{
    const char *how = NULL, *class = NULL;
    LuaFnName by = {0};
    int several = 0;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        const LuaFn *fn = doc_method(L, made[i].class, method);
        several += fn != NULL;
        if (!fn || (how && lua_fn_name(fn).place[0] != name[0]))
            continue;
        how = made[i].how;
        class = made[i].class;
        by = lua_fn_name(fn);
    }
    if (!how)
        return false;
    if (lua_push_how_another(L, class, name))
        return true;
    if (several > 1 && by.place[0] != name[0]) {
        lua_pushfstring(L, "%s is a method of %s", method, lua_push_owners(L, class, method));
        lua_remove(L, -2);
        return true;
    }
    lua_pushstring(L, how);
    bool is_free = lua_getglobal(L, name) == LUA_TNIL;
    lua_pop(L, 1);
    lua_pushfstring(L, "%s = ", by.place);
    lua_pushfstring(L, "%s = ", is_free ? name : by.place);
    luaL_gsub(L, lua_tostring(L, -3), lua_tostring(L, -2), lua_tostring(L, -1));
    lua_replace(L, -4);
    lua_pop(L, 2);
    return true;
}

/* Are the names alike but for a number at the end?  Of conv1 and conv2 neither is a slip for the
** other. */
static bool numbered_alike(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    size_t len = strcspn(a, digits);
    return len == strcspn(b, digits) && strncmp(a, b, len) == 0 &&
           a[len + strspn(a + len, digits)] == '\0' && b[len + strspn(b + len, digits)] == '\0';
}

/* Has the value on top a method or, if it is a table, a function of that name? */
static bool has_member(lua_State *L, const char *member)
{
    const LuaClass *cls = lua_class_of(L, -1, NULL);
    if (cls || !lua_istable(L, -1))
        return cls && doc_method(L, cls->name, member);
    lua_pushstring(L, member);
    bool has = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    return has;
}

void lua_push_nearest_global(lua_State *L, const char *name, const char *member)
{
    Nearest n = nearest_to(name);
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        const char *other = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (!member || (has_member(L, member) && !numbered_alike(name, other)))
            nearest_try(&n, other);
    }
    lua_pop(L, 1);
    lua_pushstring(L, n.best);
}

bool lua_push_how_run(lua_State *L, int idx, const char *name)
{
    enum { LISTED = 6 };
    Program p;
    const ModuleBox *m = test_module(L, idx);
    if (!m && !program_test(L, idx, &p))
        return false;
    const Graph *g = m ? m->module->graph : NULL;
    const Node *params = m ? NULL : p.func->kid[Func_params];
    size_t n = m ? g->ninputs : params->nkids;
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    buf_printf(&b, "%s:run{", name);
    for (size_t i = 0; i < n && i < LISTED; i++) {
        const char *input = m ? graph_value(g, g->input[i])->name : ir_buf_name(params->kid[i]);
        buf_printf(&b, is_lua_name(input) ? "%s%s = …" : "%s[\"%s\"] = …", i ? ", " : "", input);
    }
    buf_puts(&b, n > LISTED ? ", …} runs it" : "} runs it");
    lua_scratch_text(L, A, buf_str(&b));
    return true;
}

static void raise_method_elsewhere(lua_State *L, const char *owner, const char *key)
{
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        const LuaFn *fn = doc_method(L, made[i].class, key);
        if (fn)
            RAISE(L, member_elsewhere, NULL, owner, key,
                  lua_pushfstring(L, "a method of %s", lua_push_owners(L, made[i].class, key)),
                  lua_instead(owner, key)
                      ? lua_instead(owner, key)
                      : lua_pushfstring(L, "%s, and then %s", made[i].how, fn->sig));
    }
}

/* May the function of the module `place` be meant?  Of a value of ours those of Lua's libraries,
** which take none, are not: coroutine.resume, table.sort. */
static bool may_have(bool module, const char *place)
{
    return place[0] && (module || strcmp(place, "tvm") == 0 || strcmp(place, "te") == 0);
}

static void raise_function_elsewhere(lua_State *L, const char *owner, bool module, const char *key)
{
    const LuaFn *fn;
    for (int i = 0; (fn = doc_function(L, i)); i++)
        if (strcmp(lua_fn_name(fn).name, key) == 0 && may_have(module, lua_fn_name(fn).place))
            RAISE(L, member_elsewhere, NULL, owner, key,
                  lua_pushfstring(L, "a function of %s", lua_fn_name(fn).place),
                  lua_instead(owner, key) ? lua_instead(owner, key) : fn->sig);
}

/* Raises where `key` belongs, if that is no member of `owner` but of something else: of a module,
** an other module's function is likelier to be meant than a method. */
static void raise_elsewhere(lua_State *L, const char *owner, const char *key)
{
    bool module = islower((unsigned char)owner[0]);
    if (module)
        raise_function_elsewhere(L, owner, module, key);
    raise_method_elsewhere(L, owner, key);
    raise_function_elsewhere(L, owner, module, key);
}

int lua_no_member(lua_State *L, const char *owner, const char *key, int members)
{
    static const struct {
        const char *owner, *name, *today;
    } old[] = {
#define OLD(owner, name, today) {owner, name, today},
#include "lua_api/old_names.def"
    };
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        if (strcmp(owner, old[i].owner) == 0 && strcmp(key, old[i].name) == 0)
            return RAISE(L, old_name, NULL, owner, key, old[i].today);
    raise_elsewhere(L, owner, key);
    if (lua_instead(owner, key))
        return RAISE(L, no_member, NULL, owner, key, "", lua_instead(owner, key));
    Nearest n = nearest_to(key);
    for (lua_pushnil(L); lua_next(L, members); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            nearest_try(&n, lua_tostring(L, -2));
    if (!n.best && by_name(owner))
        return lua_goes_by_name(L, owner, key);
    const char *meant = n.best ? lua_pushfstring(L, ": did you mean '%s'?", n.best) : "";
    return RAISE(L, no_member, NULL, owner, key, meant,
                 lua_pushfstring(L, "help \"%s\"", n.best ? n.best : owner));
}
