-- Expected failures that the hub's Lua makes itself: `return fail(code, message, details)` gives `nil, err`, with the
-- same `err` as that of a primitive (docs/lua-runtime.md): a table that can be used like its message.

-- The metatable is the one that a primitive's failure carries, so there is one kind of error, not two.
local _, sample = json.decode("")
local mark = getmetatable(sample)

return function(code, message, details)
  return nil, setmetatable({ code = code, message = message, details = details }, mark)
end
