-- The part of `json` that is Lua: what marks a table as a list, and the constant `json.null`.
-- The mark is the metatable that a decoded empty array carries, so there is one kind of mark, not two.
local json = ...

json.null = json.decode("null")

local list_mark = getmetatable(json.decode("[]"))

function json.array(list)
  if list == nil then list = {} end
  if type(list) ~= "table" then
    error(("bad argument #1 to 'json.array' (list: table expected, got %s)"):format(type(list)), 2)
  end
  return setmetatable(list, list_mark)
end
