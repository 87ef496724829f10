-- Ending an agent, and if asked its worktree.
--
-- Everything that may refuse is asked before anything is ended, so that a refusal leaves all as it was: the hooks, what
-- the worktree would lose, other sessions that use it. Force overrides what would be lost (git keeps it under a recovery
-- ref then), and nothing else: other sessions are ended by nobody but the user.
local environment = require("hub.environment")
local fail = require("hub.failure")
local hooks = require("hub.hooks")
local layers = require("hub.layers")
local locks = require("hub.worktree_locks")
local records = require("hub.agent_records")
local sessions = require("hub.sessions")

local M = {}

-- How long `workspace_teardown` may take.
M.TEARDOWN_S = 120
local LOOK_S = 0.1

-- The other running sessions in an agent's worktree: { companions = its accessories, others = all else }.
local function neighbours(agent)
  local companions, others = json.array(), json.array()
  if not agent.worktree_path or agent.in_place then return companions, others end
  for _, record in ipairs(sessions.in_worktree(agent.worktree_path)) do
    if record.uuid ~= agent.session_uuid then
      local list = record.meta.type == "accessory" and companions or others
      list[#list + 1] = record
    end
  end
  return companions, others
end

-- Whether the worktree may go. Answers true or nil, err.
local function check_worktree(agent, others, options)
  if agent.in_place or not agent.worktree_path then
    return fail("agent.main_worktree", "the agent runs in the main checkout, which is not removed", { path = agent.worktree_path })
  end
  if #others > 0 then
    local names, uuids = {}, json.array()
    for index, record in ipairs(others) do
      names[index], uuids[index] = sessions.describe(record), record.uuid
    end
    local message = "other sessions use the worktree %s: %s. End them first"
    return fail("agent.worktree_in_use", message:format(agent.worktree_path, table.concat(names, ", ")), {
      path = agent.worktree_path,
      sessions = uuids,
    })
  end
  return M.check_loss(agent, options)
end

-- What of the branch goes with the worktree: one that was made for an agent, unless it shall stay.
local function branch_that_goes(agent, keep_branch)
  return agent.new_branch and not keep_branch
end

-- What status tells of files: the field, and its name for one and for many.
local LOSSES = {
  { "changed", "changed file", "changed files" },
  { "untracked", "untracked file", "untracked files" },
  { "inside", "repository inside", "repositories inside" },
}

-- What would be lost, as lines for people: what no commit has, and commits that are nowhere else.
local function describe_losses(found)
  local files, commits = {}, {}
  if found.operation then files[1] = ("  a %s is under way"):format(found.operation) end
  for _, kind in ipairs(LOSSES) do
    local names, count = found[kind[1]], found[kind[1] .. "_count"]
    if count > 0 then
      local shown = table.concat(table.move(names, 1, math.min(#names, 5), 1, {}), ", ")
      local what = count == 1 and kind[2] or kind[3]
      files[#files + 1] = ("  %d %s: %s%s"):format(count, what, shown, count > 5 and ", ..." or "")
    end
  end
  if found.unmerged_count > 0 then
    local what = found.unmerged_count == 1 and "commit" or "commits"
    commits[1] = ("  %d %s on no other branch, remote branch or tag:"):format(found.unmerged_count, what)
    for _, commit in ipairs(found.unmerged) do
      commits[#commits + 1] = ("    %s %s"):format(commit.commit, commit.subject)
    end
  end
  return files, commits
end

-- Whether nothing would be lost with the worktree. Answers true, or nil, err with the codes of worktree.delete.
-- (worktree.delete asks the same again, but only once the session has ended.)
function M.check_loss(agent, options)
  if options.force then return true end
  local found, err = worktree.status(agent.worktree_path)
  if not found then return nil, err end
  local lost, commits = describe_losses(found)
  local code, advice = "worktree.dirty", "Commit it"
  if #lost == 0 then code, advice = "worktree.unmerged", "Merge or push it, keep the branch" end
  if branch_that_goes(agent, options.keep_branch) then table.move(commits, 1, #commits, #lost + 1, lost) end
  if #lost == 0 then return true end
  local message = "%s (branch %s) has work that would be lost:\n%s\n%s, or use force, which leaves a recovery ref.%s"
  local still = agent.state == "running" and " The agent still runs." or ""
  return fail(code, message:format(agent.worktree_path, agent.branch or "?", table.concat(lost, "\n"), advice, still), found)
end

local function kill(uuid)
  local handle = pty.get(uuid)
  if not handle then return true end
  return handle:kill()
end

-- Runs `workspace_teardown` in the worktree, as a session, so that its output can be read later. Waits for its end.
-- Answers true, or nil, err: agent.teardown_failed.
local function teardown(agent, report)
  local files = layers.files("workspace_teardown")
  -- The repository's replaces the device's.
  local script = files[#files]
  if not script then return true end
  report({ stage = "teardown", text = "running " .. script.path })
  local cmd, args = layers.script_command(script.path, script.mode)
  local handle, err = sessions.spawn({
    name = "teardown of " .. (agent.branch or agent.worktree_path),
    cmd = cmd,
    args = args,
    cwd = agent.worktree_path,
    env = environment.build({ worktree_path = agent.worktree_path, branch = agent.branch, name = "teardown" }),
    meta = { type = "teardown", branch = agent.branch, worktree_path = agent.worktree_path },
  }, { type = "teardown", branch = agent.branch, worktree_path = agent.worktree_path })
  if not handle then
    return fail("agent.teardown_failed", ("%s did not start: %s"):format(script.path, err), { script = script.path })
  end
  local exit = M.wait_for_exit(handle, M.TEARDOWN_S)
  if exit and exit.code == 0 then
    -- Nobody wants to read it.
    records.forget(handle.uuid)
    return true
  end
  local how = exit == nil and ("did not end within %g s"):format(M.TEARDOWN_S)
    or exit.code and ("ended with status %d"):format(exit.code)
    or ("was ended by signal %s"):format(exit.signal or "?")
  local message = "%s %s, so the worktree stays. Its output: botster session log %s. --force goes on without it"
  return fail("agent.teardown_failed", message:format(script.path, how, handle.uuid:sub(1, 8)), {
    script = script.path,
    session_uuid = handle.uuid,
    exit = exit,
  })
end

-- Waits until a session has ended, for `seconds` at most; then ends it. Answers its exit, or nil after that time.
function M.wait_for_exit(handle, seconds)
  local waited_s = 0
  while handle:is_alive() do
    if waited_s >= seconds then
      handle:kill()
      return nil
    end
    timer.sleep(LOOK_S)
    waited_s = waited_s + LOOK_S
  end
  local record = handle:info()
  return record and record.exit or { lost = true }
end

-- Ends the agent and forgets it; its output stays on disk. Its accessories end, and are forgotten, with the last agent of
-- the worktree.
-- options: delete_worktree; keep_branch, also one that was made for the agent; force, to remove also what is nowhere else.
-- Answers the agent's last record with worktree_removed, branch_removed, recovery_ref?, warnings; or nil, err.
function M.delete(id, options, report)
  options, report = options or {}, report or function() end
  local agent, unknown = records.find(id)
  if not agent then return nil, unknown end
  local request = {
    agent = agent,
    delete_worktree = options.delete_worktree or false,
    keep_branch = options.keep_branch or false,
    force = options.force or false,
  }
  local allowed, refused = hooks.call("before_agent_delete", request)
  if not allowed then return nil, refused end
  request = allowed

  local companions, others = neighbours(agent)
  if request.delete_worktree then
    local fine, err = check_worktree(agent, others, request)
    if not fine then return nil, err end
  end
  report({ stage = "kill", text = "ending the session" })
  local killed, err = kill(agent.session_uuid)
  if not killed then return nil, err end
  if #others == 0 then
    for _, record in ipairs(companions) do
      if kill(record.uuid) then records.forget(record.uuid) end
    end
  end
  hub.unregister_agent(agent.session_uuid)
  if agent.worktree_path and not agent.in_place then locks.release(agent.worktree_path, agent.session_uuid) end

  local warnings, removed = json.array(), {}
  if request.delete_worktree then
    local torn, why = teardown(agent, report)
    if not torn then
      if not request.force then return nil, why end
      warnings[1] = why.message
    end
    report({ stage = "worktree", text = "removing " .. agent.worktree_path })
    removed, err = worktree.delete(agent.worktree_path, nil, {
      force = request.force,
      delete_branch = branch_that_goes(agent, request.keep_branch) or false,
    })
    if not removed then return nil, err end
    if type(removed) ~= "table" then removed = {} end
  end
  local handle = pty.get(agent.session_uuid)
  local record = handle and handle:info()
  if record then agent = records.describe(record) end
  records.forget(agent.session_uuid)
  agent.worktree_removed = request.delete_worktree
  agent.branch_removed = removed.branch_deleted or false
  agent.recovery_ref = removed.recovery_ref
  agent.warnings = warnings
  hooks.announce("agent_deleted", agent)
  return agent
end

return M
