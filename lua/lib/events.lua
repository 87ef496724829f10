-- The part of `events` that is Lua: the handlers of this engine, and running them.
-- Order of registration is the order of calls. A list is never changed under an `emit` that walks it: additions go
-- behind the end it knows, removals mark, and cleaning up makes a new list.
local events, hidden = ...
-- Kept: a plugin may put something else in these places.
local error, pcall, tostring, traceback, type, xpcall = error, pcall, tostring, debug.traceback, type, xpcall

-- Event name -> list of handlers { id, event, callback, live }, with `dead` counting those to clean up.
local lists = {}
-- Id -> handler.
local handlers = {}
local last_id = 0

local function bad_argument(position, name, parameter, expected, value)
  local message = "bad argument #%d to 'events.%s' (%s: %s expected, got %s)"
  error(message:format(position, name, parameter, expected, type(value)), 3)
end

local function with_traceback(failure)
  if type(failure) ~= "string" then
    local ok, text = pcall(tostring, failure)
    failure = ok and text or type(failure)
  end
  return traceback(failure, 2)
end

local function run(event, data)
  local list = lists[event]
  if not list then return end
  for index = 1, #list do
    local handler = list[index]
    if handler.live then
      local ok, failure = xpcall(handler.callback, with_traceback, data)
      if not ok then hidden._report(event, failure) end
    end
  end
end

local function clean(event, list)
  local kept = { dead = 0 }
  for index = 1, #list do
    if list[index].live then kept[#kept + 1] = list[index] end
  end
  lists[event] = kept[1] and kept or nil
end

function events.on(event, callback)
  if type(event) ~= "string" then bad_argument(1, "on", "event", "string", event) end
  if type(callback) ~= "function" then bad_argument(2, "on", "callback", "function", callback) end
  local added, err = hidden._add(event)
  if not added then return nil, err end
  last_id = last_id + 1
  local handler = { id = last_id, event = event, callback = callback, live = true }
  handlers[last_id] = handler
  local list = lists[event]
  if not list then
    list = { dead = 0 }
    lists[event] = list
  end
  list[#list + 1] = handler
  return last_id
end

function events.off(id)
  if type(id) ~= "number" then bad_argument(1, "off", "id", "subscription id", id) end
  local handler = handlers[id]
  if not handler then return false end
  handlers[id] = nil
  handler.live = false
  hidden._remove(handler.event)
  local list = lists[handler.event]
  list.dead = list.dead + 1
  if list.dead * 2 >= #list then clean(handler.event, list) end
  return true
end

function events.emit(event, data)
  if hidden._others(event) then
    -- Its own handlers get the data in any case; that others listen must not make an emit fail.
    local ok, failure = pcall(hidden._emit, event, data)
    if not ok then hidden._report(event, failure) end
  end
  run(event, data)
end

hidden._listen(run)
