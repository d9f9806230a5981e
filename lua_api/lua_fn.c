/* lua_fn.c -- registering functions and classes, and the boxes that classes describe.
**
** A box is a userdata: its class, whether it still holds something, then the content.  A class's
** metatable finds members in one table (name to function); a field's function sits there wrapped in
** its descriptor, and is called instead of returned.
*/
#include <limits.h>
#include <string.h>

#include "lua_api/doc.h"
#include "lua_api/elsewhere.h"
#include "lua_api/own_name.h"
#include "lua_api/session.h"

typedef struct Box {
    const LuaClass *cls;
    bool open;
    union {
        LUAI_MAXALIGN; /* Lua aligns no better than this */
    } content[];
} Box;

const LuaFn *lua_member(const LuaClass *cls, size_t i)
{
    for (const LuaFn *const *const *list = cls->members; list && *list; list++)
        for (const LuaFn *const *m = *list; *m; m++)
            if (i-- == 0)
                return *m;
    return NULL;
}

/* ---- names ---- */

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

LuaFnName lua_fn_name(const LuaFn *fn)
{
    LuaFnName r = {.kind = FN_FUNCTION};
    const char *at = fn->sig, *end = at, *word = at;
    for (; in_name(*end) || ((*end == '.' || *end == ':') && in_name(end[1])); end++)
        if (*end == '.' || *end == ':')
            word = end + 1;
    snprintf(r.name, sizeof r.name, "%.*s", (int)(end - word), word);
    if (word > at)
        snprintf(r.place, sizeof r.place, "%.*s", (int)(word - 1 - at), at);
    if (r.name[0] == '_' && r.name[1] == '_')
        r.kind = FN_META;
    else if (word > at && word[-1] == ':')
        r.kind = FN_METHOD;
    else if (*end != '(' && *end != '"' && *end != '{')
        r.kind = FN_FIELD;
    return r;
}

const LuaFn *lua_fn_of(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    session_push_table(L, TABLE_DOCS);
    lua_pushvalue(L, idx);
    lua_rawget(L, -2);
    const LuaFn *fn = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return fn;
}

/* ---- functions ---- */

static void append_pointer(lua_State *L, SessionTable list, const void *p)
{
    session_push_table(L, list);
    lua_pushlightuserdata(L, (void *)p);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

/* The most arguments that the signature names, with a method's object; INT_MAX: any number. */
static int most_arguments(const LuaFn *fn)
{
    LuaFnName name = lua_fn_name(fn);
    const char *at = strchr(fn->sig, '(');
    if (!at)
        return INT_MAX;
    int most = name.kind == FN_METHOD, depth = 1;
    for (at++, most += *at != ')'; depth > 0 && *at; at++) {
        if (strncmp(at, "…", strlen("…")) == 0)
            return INT_MAX;
        most += *at == ',' && depth == 1;
        depth += (*at == '(' || *at == '{') - (*at == ')' || *at == '}');
    }
    return most;
}

/* Runs the function of upvalue 2, unless it was given more than upvalue 3 says, or the module in
** upvalue 4 that it stands in: tvm:load.  Upvalue 1 is its row. */
static int call_counted(lua_State *L)
{
    const LuaFn *fn = lua_touserdata(L, lua_upvalueindex(2));
    int most = (int)lua_tointeger(L, lua_upvalueindex(3));
    if (lua_istable(L, 1) && lua_rawequal(L, 1, lua_upvalueindex(4)))
        return RAISE(L, module_colon, NULL, lua_fn_name(fn).name, lua_fn_name(fn).place, fn->sig);
    if (arg_more(L, most) && fn->surplus == SURPLUS_refused)
        return arg_surplus(L, most + 1);
    return fn->call(L);
}

/* Makes the function at the top of the stack known to help(), as what the row says. */
static void describe_function(lua_State *L, const LuaFn *fn)
{
    session_push_table(L, TABLE_DOCS);
    lua_pushvalue(L, -2);
    lua_pushlightuserdata(L, (void *)fn);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* Pushes the function, known to help().  The module that it stands in is at `module`; 0: none. */
static void push_function(lua_State *L, const LuaFn *fn, int module)
{
    LuaFnName name = lua_fn_name(fn);
    bool called = name.kind == FN_FUNCTION || name.kind == FN_METHOD;
    /* A global that counts by itself stays the bare function, the same value wherever it is got */
    bool counted = called && (fn->surplus == SURPLUS_refused ||
                              (fn->surplus == SURPLUS_counted && name.place[0]));
    if (fn->row || counted)
        lua_pushlightuserdata(L, (void *)fn->row);
    if (counted) {
        lua_pushlightuserdata(L, (void *)fn);
        lua_pushinteger(L, most_arguments(fn));
        if (module)
            lua_pushvalue(L, module);
        else
            lua_pushnil(L);
        lua_pushcclosure(L, call_counted, 4);
    } else {
        lua_pushcclosure(L, fn->call, fn->row != NULL);
    }
    describe_function(L, fn);
}

/* tvm.improt: a module that lacks a member says which one was meant. */
static int module_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    return lua_no_member(L, lua_tostring(L, lua_upvalueindex(1)), lua_tostring(L, 2), 1);
}

/* Pushes the table of the module, made when it is first named. */
static void push_module(lua_State *L, const char *name)
{
    if (!name[0]) {
        lua_pushglobaltable(L);
        return;
    }
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    if (lua_rawget(L, -2) == LUA_TTABLE) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, name);
    lua_pushcclosure(L, module_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushfstring(L, "module %s", name);
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pushstring(L, name);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    lua_remove(L, -2);
}

void lua_put_functions(lua_State *L, const LuaFn *const *list)
{
    for (; *list; list++) {
        LuaFnName n = lua_fn_name(*list);
        push_module(L, n.place);
        lua_pushstring(L, n.name);
        push_function(L, *list, n.place[0] ? lua_gettop(L) - 1 : 0);
        lua_rawset(L, -3);
        lua_pop(L, 1);
        append_pointer(L, TABLE_FUNCTIONS, *list);
    }
}

void lua_put_module(lua_State *L, const char *name, const char *doc)
{
    push_module(L, name);
    session_push_table(L, TABLE_MODULES);
    lua_createtable(L, 2, 0);
    lua_pushstring(L, name);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, doc);
    lua_rawseti(L, -2, 2);
    lua_pushvalue(L, -3);
    lua_rawseti(L, -2, 3);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 2);
}

/* ---- classes ---- */

static Box *box_at(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx))
        return NULL;
    Box *box = lua_touserdata(L, idx);
    bool ours = false;
    if (lua_rawlen(L, idx) >= sizeof(Box)) {
        lua_rawgeti(L, -1, 1);
        const LuaClass *cls = lua_touserdata(L, -1);
        ours = cls && cls == box->cls;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return ours ? box : NULL;
}

const LuaClass *lua_class_of(lua_State *L, int idx, void **self)
{
    Box *box = box_at(L, idx);
    if (self)
        *self = box && box->open ? box->content : NULL;
    return box ? box->cls : NULL;
}

void *lua_test(lua_State *L, int idx, const LuaClass *cls)
{
    Box *box = box_at(L, idx);
    return box && box->open && box->cls == cls ? box->content : NULL;
}

static void refuse_box(lua_State *L, int idx, const LuaClass *cls)
{
    char expected[64]; /* not on the stack, where it would become a missing argument */
    snprintf(expected, sizeof expected, "%s %s", article(cls->name), cls->name);
    arg_wrong(L, idx, expected);
}

void *lua_check(lua_State *L, int idx, const LuaClass *cls)
{
    Box *box = box_at(L, idx);
    if (!box || box->cls != cls)
        refuse_box(L, idx, cls);
    else if (!box->open)
        RAISE(L, object_closed, NULL, cls->name);
    return box->content;
}

void *lua_box(lua_State *L, const LuaClass *cls)
{
    Box *box = lua_newuserdatauv(L, sizeof *box + cls->size, 1);
    memset(box, 0, sizeof *box + cls->size);
    box->cls = cls;
    box->open = true;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, cls) != LUA_TTABLE)
        luaL_error(L, "class %s was never put", cls->name);
    lua_setmetatable(L, -2);
    return box->content;
}

void lua_hold(lua_State *L, void *object, void (*release)(void *))
{
    Session *s = session_of(L);
    if (s->held)
        s->release_held(s->held);
    s->held = object;
    s->release_held = release;
}

void lua_boxed(lua_State *L)
{
    session_of(L)->held = NULL;
}

int lua_push_owned(lua_State *L, const LuaClass *cls, void *object, void (*release)(void *),
                   size_t bytes, const Err *err)
{
    if (!object)
        return lua_raise(L, err);
    lua_hold(L, object, release);
    *(void **)lua_box(L, cls) = object;
    lua_boxed(L);
    lua_weigh(L, bytes);
    return 1;
}

static void release_scratch(void *self)
{
    arena_release(*(Arena **)self);
}

static const LuaClass scratch_class = {
    .name = "Scratch", .size = sizeof(Arena *), .release = release_scratch};

Arena *lua_scratch(lua_State *L, Arena *parent)
{
    luaL_checkstack(L, 4, "scratch");
    Arena **held = lua_box(L, &scratch_class);
    return *held = arena_new(parent);
}

void lua_open_scratch(lua_State *L)
{
    lua_put_class(L, &scratch_class);
}

void lua_scratch_end(lua_State *L, Arena *A)
{
    for (int i = lua_gettop(L); i > 0; i--) {
        Arena **held = lua_test(L, i, &scratch_class);
        if (held && *held == A) {
            *held = NULL;
            lua_remove(L, i);
            break;
        }
    }
    arena_release(A);
}

int lua_scratch_text(lua_State *L, Arena *A, const char *text)
{
    size_t n = strlen(text);
    lua_pushlstring(L, text, n && text[n - 1] == '\n' ? n - 1 : n);
    lua_scratch_end(L, A);
    return 1;
}

void lua_weigh(lua_State *L, size_t bytes)
{
    Session *s = session_of(L);
    s->pending += bytes;
    if (s->pending >= 64 * 1024) {
        size_t kib = s->pending / 1024;
        s->pending %= 1024;
        lua_gc(L, LUA_GCSTEP, (int)(kib < 1 << 20 ? kib : 1 << 20));
    }
}

static int box_close(lua_State *L)
{
    Box *box = box_at(L, 1);
    if (box && box->open) {
        box->open = false;
        if (box->cls->release)
            box->cls->release(box->content);
    }
    return 0;
}

static int box_tostring(lua_State *L)
{
    Box *box = box_at(L, 1);
    if (!box)
        return arg_wrong(L, 1, "an object");
    if (!box->open)
        lua_pushfstring(L, "%s (closed)", box->cls->name);
    else if (box->cls->tostring)
        box->cls->tostring(L, box->content);
    else
        lua_pushfstring(L, "%s", box->cls->name);
    return 1;
}

static int box_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    switch (lua_rawget(L, lua_upvalueindex(1))) {
    case LUA_TFUNCTION: return 1;
    case LUA_TLIGHTUSERDATA: {
        const LuaFn *getter = lua_touserdata(L, -1);
        lua_settop(L, 1);
        return getter->call(L);
    }
    default: lua_settop(L, 2);
    }
    Box *box = box_at(L, 1);
    if (!box)
        return arg_wrong(L, 1, "an object");
    if (!box->open)
        return RAISE(L, object_closed, NULL, box->cls->name);
    if (box->cls->index && box->cls->index(L, box->content))
        return 1;
    const char *key = lua_type(L, 2) == LUA_TSTRING
                          ? lua_tostring(L, 2)
                          : lua_pushfstring(L, "[%s]", luaL_tolstring(L, 2, NULL));
    return lua_no_member(L, box->cls->name, key, lua_upvalueindex(1));
}

static int box_newindex(lua_State *L)
{
    const LuaClass *cls = lua_touserdata(L, lua_upvalueindex(1));
    return RAISE(L, read_only, NULL, cls->name, luaL_tolstring(L, 2, NULL));
}

void lua_put_class(lua_State *L, const LuaClass *cls)
{
    lua_newtable(L);
    int meta = lua_gettop(L);
    lua_newtable(L);
    int members = meta + 1;
    lua_pushlightuserdata(L, (void *)cls);
    lua_rawseti(L, meta, 1);
    lua_pushlightuserdata(L, (void *)cls);
    lua_pushcclosure(L, box_newindex, 1);
    lua_setfield(L, meta, "__newindex");
    const LuaFn *fn;
    for (size_t i = 0; (fn = lua_member(cls, i)); i++) {
        LuaFnName n = lua_fn_name(fn);
        lua_pushstring(L, n.name);
        push_function(L, fn, 0);
        if (n.kind == FN_FIELD) {
            lua_pop(L, 1);
            lua_pushlightuserdata(L, (void *)fn);
        }
        lua_rawset(L, n.kind == FN_META ? meta : members);
    }
    lua_push_more(L);
    lua_setfield(L, members, "more");
    lua_pushvalue(L, members);
    lua_pushcclosure(L, box_index, 1);
    lua_setfield(L, meta, "__index");
    static const luaL_Reg own[] = {
        {"__gc", box_close}, {"__close", box_close}, {"__tostring", box_tostring}, {NULL, NULL}};
    lua_settop(L, meta);
    luaL_setfuncs(L, own, 0);
    lua_pushstring(L, cls->name);
    lua_setfield(L, meta, "__name");
    lua_pushliteral(L, "locked");
    lua_setfield(L, meta, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, cls);
    if (cls->doc) /* what has none is not for the reader */
        append_pointer(L, TABLE_CLASSES, cls);
}

void lua_describe_class(lua_State *L, const LuaClass *cls)
{
    append_pointer(L, TABLE_CLASSES, cls);
}

/* Neither a value of a script's class nor the class has the key: only a name can be meant for a
** member, the others are those of a list. */
static int script_class_index(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    const LuaClass *cls;
    const LuaFn *fn;
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    lua_settop(L, 2);
    lua_newtable(L);
    for (int i = 0; (cls = doc_class(L, i)); i++)
        for (size_t k = 0; strcmp(cls->name, name) == 0 && (fn = lua_member(cls, k)); k++) {
            lua_pushboolean(L, true);
            lua_setfield(L, 3, lua_fn_name(fn).name);
        }
    return lua_no_member(L, name, lua_tostring(L, 2), 3);
}

/* Runs the script's function in upvalue 1, the method of upvalue 2, on no more than it takes. */
static int call_script_method(lua_State *L)
{
    int most = most_arguments(lua_touserdata(L, lua_upvalueindex(2)));
    if (!lua_istable(L, 1))
        return arg_wrong(L, 1, "its object");
    if (arg_more(L, most))
        return arg_surplus(L, most + 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* A script gives its class a function: one that help() describes becomes a method as any other. */
static int script_class_newindex(lua_State *L)
{
    const char *key = lua_tostring(L, 2);
    const LuaFn *fn = doc_method(L, lua_tostring(L, lua_upvalueindex(1)), key ? key : "");
    if (fn) {
        lua_pushlightuserdata(L, (void *)fn);
        lua_pushcclosure(L, call_script_method, 2);
        describe_function(L, fn);
        lua_pushvalue(L, 2);
        lua_insert(L, -2);
    }
    lua_rawset(L, 1);
    return 0;
}

void lua_push_script_class(lua_State *L, const char *name)
{
    lua_createtable(L, 0, 8);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_push_more(L);
    lua_setfield(L, -2, "more");
    lua_createtable(L, 0, 2);
    lua_pushstring(L, name);
    lua_pushcclosure(L, script_class_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_pushcclosure(L, script_class_newindex, 1);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
}
