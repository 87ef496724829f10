-- Sessions of agents and accessories: starting one within the limits, and finding them.
--
-- What is known of a session is what its host has (`pty.list()`); nothing is kept here, so it is the same after a
-- restart of the hub. `meta` of a session that this Lua started:
--   type            "agent" or "accessory"; "teardown" for the script before a worktree is removed
--   agent           the kind of agent; accessory: the accessory's name
--   branch, worktree_path, in_place (runs in the main checkout), base_ref, new_branch (botster made the branch)
--   prompt, created_by, token_sha256
--   attention       { at, text? } while the agent needs somebody (hub/attention.lua), else false or nothing
--   removed         true once `agent rm` was done, also of accessories that went with the agent: history stays, lists
--                   leave it out
--   metadata        what the creator gave along
local fail = require("hub.failure")
local hooks = require("hub.hooks")
local layers = require("hub.layers")

local M = {}

M.DEFAULT_MAX_SESSIONS = 50

-- Sessions that are being started now, which `pty.list` does not have yet.
local starting = 0

function M.running()
  local list = {}
  for _, record in ipairs(pty.list()) do
    if record.state == "running" then list[#list + 1] = record end
  end
  return list
end

-- The user's limit: `max_sessions` in the device's configuration, which a repository cannot change.
local function limit()
  local path = config.data_dir() .. "/config.json"
  local settings, err = layers.read_json(path)
  if err then return nil, err end
  local value = settings and settings.max_sessions
  if value == nil then return M.DEFAULT_MAX_SESSIONS end
  if math.type(value) == "integer" and value >= 1 then return value end
  return fail("agent.bad_settings", path .. ": max_sessions must be a whole number of at least 1", { path = path })
end

-- Whether `count` more sessions may run. Errors: agent.limit, agent.bad_settings.
function M.check_room(count)
  local limit, err = limit()
  if not limit then return nil, err end
  local running = #M.running() + starting
  if running + count <= limit then return true end
  local message = "%d sessions run, and the limit is %d: end one (botster agent rm ID), or raise max_sessions in %s/config.json"
  return fail("agent.limit", message:format(running, limit, config.data_dir()), { running = running, max_sessions = limit })
end

-- Starts a session. `spec` is what `pty.spawn` takes; `purpose` tells hooks what it is for. Errors: agent.limit,
-- hook.*, those of pty.spawn.
function M.spawn(spec, purpose)
  local room, full = M.check_room(1)
  if not room then return nil, full end
  starting = starting + 1
  local _ <close> = setmetatable({}, { __close = function() starting = starting - 1 end })
  local env, refused = hooks.call("filter_agent_env", spec.env, purpose)
  if not env then return nil, refused end
  spec.env = env
  local filtered, blocked = hooks.call("before_pty_spawn", spec, purpose)
  if not filtered then return nil, blocked end
  return pty.spawn(filtered)
end

-- Whether `path` is `folder` or below it.
local function is_within(path, folder)
  return path == folder or path:sub(1, #folder + 1) == folder .. "/"
end

-- The running sessions in a worktree: those that were started for it, and any other that was started inside of it.
function M.in_worktree(path)
  local list = {}
  for _, record in ipairs(M.running()) do
    if record.meta.worktree_path == path or (record.meta.worktree_path == nil and is_within(record.start_dir, path)) then
      list[#list + 1] = record
    end
  end
  return list
end

-- A session in words: `3f2a9c01 (claude, feature/x)`.
function M.describe(record)
  local meta = record.meta
  local words = {}
  for _, word in ipairs({ meta.agent or meta.accessory or record.name or record.cmd, meta.branch or false }) do
    if word then words[#words + 1] = word end
  end
  return ("%s (%s)"):format(record.uuid:sub(1, 8), table.concat(words, ", "))
end

return M
