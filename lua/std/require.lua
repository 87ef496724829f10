-- `require`: modules from the engine's module folders, each run once per engine.
-- Reading waits, so the hub goes on; a second task that needs a module being loaded waits for it; a module that
-- requires itself raises. package.loaded and package.preload work as in the manual (6.3); there is no package.path.
local host = ...
local loaded, preload = package.loaded, package.preload
local error, type, load, setmetatable = error, type, load, setmetatable

local function run(name, chunk, where)
  local value = chunk(name, where)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
  return loaded[name], where
end

function require(name)
  if type(name) ~= "string" then
    error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2)
  end
  repeat
    if loaded[name] then return loaded[name] end
  until host.module_enter(name)
  local _ <close> = setmetatable({}, { __close = function() host.module_leave(name) end })
  if preload[name] then return run(name, preload[name], ":preload:") end
  local source, where = host.module_source(name)
  if not source then error(where, 2) end
  local chunk, message = load(source, "@" .. where, "t")
  if not chunk then error("error loading module '" .. name .. "':\n\t" .. message, 2) end
  return run(name, chunk, where)
end
