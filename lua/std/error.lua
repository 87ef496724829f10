-- The `err` of `nil, err`: a table with `code`, `message` and perhaps `details` that can be used like its message.
-- tostring(err), err .. "", #err and string methods (err:match("x")) see the message; programs branch on err.code.
local host = ...
local string, getmetatable, rawget = string, getmetatable, rawget
local mt = host.error_metatable

local function text(value)
  if getmetatable(value) == mt then return rawget(value, "message") end
  return value
end

mt.__name = "error"
mt.__tostring = function(err) return rawget(err, "message") end
mt.__concat = function(a, b) return text(a) .. text(b) end
mt.__len = function(err) return #rawget(err, "message") end
mt.__index = function(_, key)
  local method = string[key]
  if method then
    return function(self, ...) return method(text(self), ...) end
  end
end
