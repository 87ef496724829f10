-- Making an agent: hook -> definition -> worktree -> copied files -> ports -> environment -> spawn -> register -> notify.
--
-- A step that fails undoes what this call made and nothing else: what was there before stays, and so does a worktree that
-- is not clean any more.
local fail = require("hub.failure")
local hooks = require("hub.hooks")
local jobs = require("hub.agent_job")
local records = require("hub.agent_records")
local steps = require("hub.agent_steps")

local M = {}

local function with_traceback(failure)
  if type(failure) == "table" and failure.step then return failure end
  log.error("creating an agent failed: " .. debug.traceback(tostring(failure), 2))
  local _, err = fail("agent.failed", tostring(failure))
  return { step = "?", err = err }
end

local function creation_error(job, failure)
  local kept = job:undo_all()
  local cause = failure.err
  local code, message = "agent.failed", tostring(cause)
  local cause_code = type(cause) == "table" and cause.code or nil
  if cause_code and (cause_code:find("^agent%.") or cause_code:find("^hook%.")) then
    code = cause_code
  elseif cause_code then
    code = ("agent.%s_failed"):format(failure.step)
  end
  if code ~= cause_code then message = ("step %s: %s"):format(failure.step, message) end
  if #kept > 0 then message = message .. "\n" .. table.concat(kept, "\n") end
  job:status("failed", { error = message, step = failure.step })
  return fail(code, message, {
    step = failure.step,
    cause = cause_code,
    cause_details = type(cause) == "table" and cause.details or nil,
    kept = kept,
  })
end

-- Creates an agent. Waits until it runs. Options, all optional but one of the first two:
--   branch        the branch to work on: its worktree is used if there is one, else made
--   in_place      true: run in the main checkout, on whatever it has
--   from          where a new branch begins (default: HEAD of the main checkout)
--   agent         its kind (default: the setting default_agent, else "shell"); cmd, args run another command
--   prompt        what it is to do
--   name, rows, cols, env, metadata, created_by
--   accessories   false for none, or a list of names (default: all that do not run in the worktree yet)
-- `report` hears of progress: { stage, text, done?, total?, percent? }.
-- Answers the agent with worktree_created, accessories (list), warnings (list); or nil, err with a code: agent.bad_option,
-- agent.unknown_type, agent.bad_settings, agent.limit, agent.branch_in_main, agent.<step>_failed (details.cause has the
-- cause's code), hook.blocked, hook.failed.
function M.create(options, report)
  if type(options) ~= "table" then
    error(("bad argument #1 to 'agents.create' (options: table expected, got %s)"):format(type(options)), 2)
  end
  local wanted, refused = hooks.call("before_agent_create", options)
  if not wanted then return nil, refused end
  local job = jobs.new(wanted, report)
  local ok, failure = xpcall(function()
    for _, name in ipairs(steps.ORDER) do steps[name](job) end
  end, with_traceback)
  if not ok then return creation_error(job, failure) end
  local agent = records.describe(job.handle:info() or job.record)
  agent.worktree_created = job.worktree_created
  agent.definition_from = job.definition.from
  agent.accessories, agent.warnings = job.started, job.warnings
  hooks.announce("agent_created", agent)
  job:status("running")
  return agent
end

return M
