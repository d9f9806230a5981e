local co = coroutine.wrap(function(a) while true do a = coroutine.yield(a .. "x") end end)
for i = 1, 3 do co(("%d"):format(i)) end
t = setmetatable({}, {__index = function(_, k) return k end}); t.a, t[1] = 1, {pcall(error, {})}
goto done; ::done:: x = #t // 2 ~= 3 and not nil or "a" .. 1; ?s
