-- Agents as the rest of the world sees them: made from the records of their sessions, so that there is one truth, and
-- it is the same after a restart of the hub.
local fail = require("hub.failure")

local M = {}

-- An agent as the rest of the world sees it, from the record of its session.
function M.describe(record)
  local meta = record.meta
  return {
    session_uuid = record.uuid,
    name = record.name,
    agent = meta.agent,
    branch = meta.branch,
    worktree_path = meta.worktree_path,
    in_place = meta.in_place or false,
    state = record.state,
    activity = record.activity,
    title = record.title,
    cwd = record.cwd,
    cmd = record.cmd,
    args = json.array(record.args),
    pid = record.pid,
    port = record.port,
    rows = record.rows,
    cols = record.cols,
    attached = record.attached,
    started_at = record.started_at,
    last_output_ms = record.last_output_ms,
    -- See hub/attention.lua. What has ended needs nobody.
    attention = record.state == "running" and meta.attention or nil,
    exit = record.exit,
    prompt = meta.prompt,
    base_ref = meta.base_ref,
    new_branch = meta.new_branch or false,
    created_by = meta.created_by,
    metadata = meta.metadata,
  }
end

-- Those that were removed when their host could not be told any more.
local removed = {}

-- Whether a session is an agent that was not removed.
function M.is_agent(record)
  return record.meta.type == "agent" and not record.meta.removed and not removed[record.uuid]
end

-- Leaves an ended session out of the lists of agents, and of what devices show, from now on. Its history stays.
function M.forget(uuid)
  removed[uuid] = true
  local handle = pty.get(uuid)
  if handle and handle:update({ meta = { removed = true } }) then removed[uuid] = nil end
end

-- All agents, oldest first; ended ones too, until they are removed.
function M.list()
  local list = json.array()
  for _, record in ipairs(pty.list()) do
    if M.is_agent(record) then list[#list + 1] = M.describe(record) end
  end
  return list
end

-- The one agent whose uuid is or begins with `id`, or whose branch or name is `id`. Of several on a branch, the one
-- that runs. Errors: agent.not_found, agent.ambiguous.
function M.find(id)
  local named, running, found = {}, {}, {}
  for _, agent in ipairs(M.list()) do
    if agent.session_uuid == id then return agent end
    if agent.branch == id or agent.name == id then
      named[#named + 1] = agent
      if agent.state == "running" then running[#running + 1] = agent end
    elseif #id > 0 and agent.session_uuid:sub(1, #id) == id then
      found[#found + 1] = agent
    end
  end
  -- Both a branch and the beginning of an id: then it is not clear what was meant.
  if #running > 0 then named = running end
  table.move(named, 1, #named, #found + 1, found)
  if #found == 1 then return found[1] end
  if #found == 0 then
    return fail("agent.not_found", ("there is no agent '%s'. botster agent list shows those there are"):format(id), { id = id })
  end
  local matches = json.array()
  for _, agent in ipairs(found) do matches[#matches + 1] = agent.session_uuid end
  local message = "'%s' fits %d agents: %s. Name one by more of its id"
  return fail("agent.ambiguous", message:format(id, #found, table.concat(matches, ", ")), { matches = matches })
end

return M
