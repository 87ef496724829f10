-- Hooks: where users change what the hub does.
--
-- Observers hear of something (`hooks.on`, `hooks.notify`); what they return or raise changes nothing.
-- Interceptors stand in the way of something (`hooks.intercept`, `hooks.call`): each gets the value that the one before
-- returned, and returns it, changed or not. Returning nil or false blocks, with an optional reason as second result.
-- They run by priority, the highest first (100 if none is given), then in the order of registration. One that fails
-- blocks, or is passed over as if it were not there: `on_error`, "block" for `before_*` hooks, else "pass".
--
-- Names are declared below; any other raises, because a hook that nothing calls is a spelling mistake.
local fail = require("hub.failure")

local M = {}

local DEFAULT_PRIORITY = 100

-- Name -> { kind, doc, handlers }. A list of handlers is never changed once it is made, so a walk over it is safe.
local hooks = {}
-- Id -> handler { id, hook, run, priority, on_error, where, live }.
local handlers = {}
local last_id = 0

-- Makes a name known. `kind` is "observer" or "interceptor".
function M.declare(name, kind, doc)
  assert(kind == "observer" or kind == "interceptor", "kind is 'observer' or 'interceptor'")
  if not hooks[name] then hooks[name] = { kind = kind, doc = doc, handlers = {} } end
end

M.declare("before_agent_create", "interceptor", "The options of agents.create, before anything is done.")
M.declare("filter_agent_env", "interceptor", "The environment of a session; what it is for is the second argument.")
M.declare("before_pty_spawn", "interceptor", "What pty.spawn is about to get: cmd, args, env, cwd, rows, cols, name, meta.")
M.declare("before_agent_delete", "interceptor", "{ agent, delete_worktree, keep_branch, force }, before anything is ended.")
M.declare("agent_created", "observer", "The agent's record, once it runs.")
M.declare("agent_deleted", "observer", "The agent's record, with worktree_removed.")
M.declare("agent_attention", "observer", "{ agent_id, attention } when an agent needs somebody; without attention when that is over.")
M.declare("agent_selected", "observer", "{ agent_id }, or no agent_id when none is selected.")
M.declare("agent_status_changed", "observer", "{ agent_id, status, branch, ... }: see hub/agents.lua.")

local function declared(name, kind, caller)
  local hook = hooks[name]
  if hook and hook.kind == kind then return hook end
  local known = {}
  for other, entry in pairs(hooks) do
    if entry.kind == kind then known[#known + 1] = other end
  end
  table.sort(known)
  error(("%s: there is no %s hook '%s'; there are: %s"):format(caller, kind, tostring(name), table.concat(known, ", ")), 3)
end

local function with_traceback(failure)
  return debug.traceback(tostring(failure), 2)
end

local function before(a, b)
  if a.priority ~= b.priority then return a.priority > b.priority end
  return a.id < b.id
end

local function add(hook, name, run, options, caller)
  if type(run) ~= "function" then error(("%s: a function expected, got %s"):format(caller, type(run)), 3) end
  local info = debug.getinfo(run, "S")
  last_id = last_id + 1
  local handler = {
    id = last_id,
    hook = hook,
    name = name,
    run = run,
    priority = options.priority or DEFAULT_PRIORITY,
    on_error = options.on_error or (name:sub(1, 7) == "before_" and "block" or "pass"),
    where = ("%s:%d"):format(info.short_src, info.linedefined),
    live = true,
  }
  handlers[last_id] = handler
  local list = table.move(hook.handlers, 1, #hook.handlers, 1, {})
  list[#list + 1] = handler
  table.sort(list, before)
  hook.handlers = list
  return last_id
end

local function remove(id)
  local handler = handlers[id]
  if not handler then return false end
  handlers[id] = nil
  handler.live = false
  local list = {}
  for _, other in ipairs(handler.hook.handlers) do
    if other ~= handler then list[#list + 1] = other end
  end
  handler.hook.handlers = list
  return true
end

-- Calls `run(data)` at every notification. Answers an id for `hooks.off`.
function M.on(name, run)
  return add(declared(name, "observer", "hooks.on"), name, run, {}, "hooks.on")
end

-- Whether there was such an observer.
function M.off(id)
  return remove(id)
end

-- Tells the observers. One that fails is logged and stops nobody.
function M.notify(name, data)
  for _, handler in ipairs(declared(name, "observer", "hooks.notify").handlers) do
    if handler.live then
      local ok, failure = xpcall(handler.run, with_traceback, data)
      if not ok then log.error(("the observer of %s at %s failed: %s"):format(name, handler.where, failure)) end
    end
  end
end

-- Tells the observers, and the handlers of the event of the same name in every engine.
function M.announce(name, data)
  M.notify(name, data)
  events.emit(name, data)
end

-- Puts `run(value, context)` in the way. `options`: `priority`, `on_error`. Answers an id for `hooks.unintercept`.
function M.intercept(name, run, options)
  local hook = declared(name, "interceptor", "hooks.intercept")
  options = options or {}
  if options.priority ~= nil and type(options.priority) ~= "number" then
    error("hooks.intercept: priority: a number expected, got " .. type(options.priority), 2)
  end
  if options.on_error ~= nil and options.on_error ~= "block" and options.on_error ~= "pass" then
    error("hooks.intercept: on_error: 'block' or 'pass' expected", 2)
  end
  return add(hook, name, run, options, "hooks.intercept")
end

function M.unintercept(id)
  return remove(id)
end

-- Each interceptor works on a copy: what one changed before it failed must not stay.
local function copy(value)
  if type(value) ~= "table" then return value end
  local result = {}
  for key, entry in pairs(value) do result[key] = copy(entry) end
  return setmetatable(result, getmetatable(value))
end

-- Sends `value` through the interceptors. Answers what came out, or nil, err: hook.blocked, hook.failed.
function M.call(name, value, context)
  for _, handler in ipairs(declared(name, "interceptor", "hooks.call").handlers) do
    if handler.live then
      local ok, result, reason = xpcall(handler.run, with_traceback, copy(value), context)
      if not ok then
        log.error(("the interceptor of %s at %s failed: %s"):format(name, handler.where, result))
        if handler.on_error == "block" then
          local first_line = tostring(result):match("^[^\n]*")
          return fail("hook.failed", ("the hook %s at %s failed: %s"):format(name, handler.where, first_line), { hook = name })
        end
      elseif not result then
        local why = reason ~= nil and tostring(reason) or "it gave no reason (a hook that lets pass returns its value)"
        return fail("hook.blocked", ("the hook %s at %s said no: %s"):format(name, handler.where, why), { hook = name })
      else
        value = result
      end
    end
  end
  return value
end

-- Whether a call would reach anybody.
function M.has(name)
  local hook = hooks[name]
  return hook ~= nil and #hook.handlers > 0
end

-- What there is: a list of { name, kind, doc, handlers (how many) }.
function M.list()
  local list = {}
  for name, hook in pairs(hooks) do
    list[#list + 1] = { name = name, kind = hook.kind, doc = hook.doc, handlers = #hook.handlers }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

return M
