-- The agents of this repository: sessions that run a coding agent (or a shell, or any command), each in a git worktree.
--
--   local agents = require("hub.agents")
--   local agent, err = agents.create({ branch = "feature/x", agent = "claude", prompt = "Fix the login form" })
--   agents.list()   agents.find("feature/x")   agents.select(id)   agents.delete(id, { delete_worktree = true })
--
-- Status changes go to observers and to events.on("agent_status_changed") as { agent_id, status, branch, agent, ... },
-- status being creating_worktree, spawning, running, failed (with error) or exited (with exit).
local hooks = require("hub.hooks")
local locks = require("hub.worktree_locks")
local records = require("hub.agent_records")
local sessions = require("hub.sessions")

local M = {
  create = require("hub.agent_creation").create,
  delete = require("hub.agent_removal").delete,
  list = records.list,
  find = records.find,
}

local selected

-- Remembers which agent the user looks at, for every UI; nil for none. Answers the agent, or true.
function M.select(id)
  local agent
  if id ~= nil then
    local err
    agent, err = records.find(id)
    if not agent then return nil, err end
  end
  selected = agent and agent.session_uuid
  hooks.announce("agent_selected", { agent_id = selected })
  return agent or true
end

-- The uuid of the selected agent, or nil.
function M.selected()
  return selected
end

-- A session ended by itself or by command.
function M.session_ended(uuid)
  hub.unregister_agent(uuid)
  local handle = pty.get(uuid)
  local record = handle and handle:info()
  if not record then return end
  local meta = record.meta
  if meta.worktree_path and not meta.in_place then locks.release(meta.worktree_path, uuid) end
  if meta.type ~= "agent" then return end
  hooks.announce("agent_status_changed", {
    agent_id = uuid,
    status = "exited",
    branch = meta.branch,
    agent = meta.agent,
    exit = record.exit,
  })
end

-- The hub found the sessions of its predecessor.
function M.sessions_adopted()
  for _, record in ipairs(sessions.running()) do
    if records.is_agent(record) then
      local handle = pty.get(record.uuid)
      if handle then hub.register_agent(record.uuid, { agent = handle }) end
    end
  end
  locks.reconcile()
end

return M
