-- The part of `timer` that is Lua: a cancelled timer's function never runs, not even when its call was already queued.
local timer, hidden = ...

-- The ids of timers that may still call.
local live = {}

local function start(begin, seconds, callback, once)
  local id, err
  local function fire()
    if not live[id] then return end
    if once then live[id] = nil end
    return callback()
  end
  -- What is not a function goes on as it is, for the host to refuse.
  id, err = begin(seconds, type(callback) == "function" and fire or callback)
  if id then live[id] = true end
  return id, err
end

function timer.after(seconds, callback)
  return start(hidden._after, seconds, callback, true)
end

function timer.every(seconds, callback)
  return start(hidden._every, seconds, callback, false)
end

function timer.cancel(id)
  local stopped = hidden._cancel(id)
  if live[id] == nil then return stopped end
  live[id] = nil
  return true
end
