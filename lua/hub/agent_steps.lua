-- The steps of making an agent, one function each, which a user's file can replace or wrap (docs/agents.md).
--
-- A step gets the job (hub/agent_job.lua): `options`, `uuid`, `warnings`, `report`, and what the steps before it found. It
-- says on the job how to take back what it makes, and raises through `job:check` or `job:refuse` when it cannot go on.
local accessories = require("hub.accessories")
local definitions = require("hub.agent_definitions")
local environment = require("hub.environment")
local layers = require("hub.layers")
local locks = require("hub.worktree_locks")
local sessions = require("hub.sessions")
local typed_prompts = require("hub.typed_prompts")

local M = {}

-- In the order in which they are taken.
M.ORDER = { "options", "definition", "worktree", "includes", "ports", "environment", "spawn", "register", "accessories" }

-- A prompt travels as one argument and one variable, each of which the system limits to 128 KiB.
M.MAX_PROMPT_BYTES = 100 * 1024
-- Of the prompt that is kept with the session, for lists: the record of a session travels with every change.
local KEPT_PROMPT_BYTES = 2000
-- Of a session's name; branches may be longer.
local MAX_NAME_BYTES = 200

-- How many calls are making the worktree of a branch now: git knows it before it is done.
local creating = {}

function M.options(job)
  local options = job.options
  if options.branch ~= nil and (type(options.branch) ~= "string" or options.branch == "") then
    job:refuse("options", "agent.bad_option", "branch: the name of a branch expected")
  end
  if not options.branch and not options.in_place then
    job:refuse("options", "agent.bad_option", "name a branch for the agent, or say in_place to run it in the main checkout")
  end
  if options.branch and options.in_place then
    job:refuse("options", "agent.bad_option", "in_place runs on whatever the main checkout has: name no branch")
  end
  if options.prompt and #options.prompt > M.MAX_PROMPT_BYTES then
    local message = "the prompt has %d bytes, and the limit is %d: put the text in a file, and name that in the prompt"
    job:refuse("options", "agent.bad_option", message:format(#options.prompt, M.MAX_PROMPT_BYTES))
  end
  job:check("options", sessions.check_room(1))
end

function M.definition(job)
  local options = job.options
  if options.cmd then
    job.kind = options.agent or options.cmd:match("[^/]+$") or options.cmd
    job.definition = { name = job.kind, cmd = options.cmd, args = options.args or {}, prompt = "typed", from = "command" }
    return
  end
  local kind = options.agent or config.get("default_agent") or "shell"
  if type(kind) ~= "string" then
    job:refuse("definition", "agent.bad_settings", "the setting default_agent must be the name of an agent")
  end
  job.definition = job:check("definition", definitions.get(kind))
  job.kind = kind
  if options.args then
    local args = table.move(job.definition.args, 1, #job.definition.args, 1, {})
    job.definition.args = table.move(options.args, 1, #options.args, #args + 1, args)
  end
end

local function reuse_worktree(job, path)
  for _, entry in ipairs(worktree.list() or {}) do
    if entry.path == path and entry.main then
      local message = "%s is checked out in the main checkout, %s: run there with in_place, or name another branch"
      job:refuse("worktree", "agent.branch_in_main", message:format(job.options.branch, path), { path = path })
    end
  end
  job.path, job.worktree_created = path, false
  -- Whose branch it is stays known as long as a session of the worktree is.
  for _, record in ipairs(pty.list()) do
    if record.meta.worktree_path == path and record.meta.new_branch then job.new_branch = true end
  end
  job.report({ stage = "worktree", text = "using the worktree " .. path })
end

local function make_worktree(job)
  local branch = job.options.branch
  creating[branch] = (creating[branch] or 0) + 1
  local heard = events.on("worktree_progress", function(data)
    if data.branch ~= branch then return end
    job.report({ stage = "worktree", text = data.stage, done = data.done, total = data.total, percent = data.percent })
  end)
  local _ <close> = setmetatable({}, {
    __close = function()
      creating[branch] = creating[branch] > 1 and creating[branch] - 1 or nil
      if heard then events.off(heard) end
    end,
  })
  -- Two calls for one branch come one after the other, and the second gets what the first made.
  local made = job:check("worktree", worktree.create({ branch = branch, base_ref = job.options.from }))
  job.path, job.worktree_created, job.new_branch, job.base_ref = made.path, made.created, made.new_branch, made.base_ref
  for _, warning in ipairs(made.warnings or {}) do job.warnings[#job.warnings + 1] = warning end
  if not made.created then return end
  job:on_undo("the worktree " .. made.path, function()
    return worktree.delete(made.path, branch, { delete_branch = made.new_branch == true })
  end)
end

function M.worktree(job)
  if job.options.in_place then
    job.path, job.worktree_created = worktree.repo_root(), false
    return
  end
  job:status("creating_worktree")
  local path = not creating[job.options.branch] and worktree.find(job.options.branch)
  if path then
    reuse_worktree(job, path)
  else
    make_worktree(job)
  end
end

-- Files that git does not have but work needs (.env and the like) come along into a new worktree.
function M.includes(job)
  if not job.worktree_created then return end
  for _, file in ipairs(layers.files("workspace_include")) do
    job.report({ stage = "files", text = "copying what " .. file.path .. " names" })
    local count = job:check("files", worktree.copy_from_patterns(worktree.repo_root(), job.path, file.path))
    job.copied = (job.copied or 0) + count
  end
end

local function lease(job)
  local port = job:check("ports", pty.lease_port())
  job:on_undo(nil, function() return pty.release_port(port) end)
  return port
end

function M.ports(job)
  job.accessories = accessories.missing(job.path, job.options.accessories)
  job.ports = accessories.ports(job.path)
  if job.definition.port_forward then job.port = lease(job) end
  for _, accessory in ipairs(job.accessories) do
    if accessory.port_forward then job.ports[accessory.name] = lease(job) end
  end
end

function M.environment(job)
  local token
  token, job.token_sha256 = environment.new_token()
  job.env = environment.build({
    uuid = job.uuid,
    token = token,
    worktree_path = job.path,
    branch = job.options.branch,
    name = job.kind,
    prompt = job.options.prompt,
    ports = job.ports,
  })
  for _, extra in ipairs({ job.definition.env or false, job.options.env or false }) do
    for name, value in pairs(extra or {}) do job.env[name] = value end
  end
end

-- The first `bytes` of a text, not in the middle of a character.
local function shortened(text, bytes)
  if not text or #text <= bytes then return text end
  return (text:sub(1, bytes - 3):gsub("[\xC0-\xFF][\x80-\xBF]*$", "")) .. "…"
end

local function lock_worktree(job)
  if job.options.in_place then return end
  if locks.hold(job.path, job.uuid) then
    job:on_undo(nil, function() return locks.release(job.path, job.uuid) end)
  end
end

function M.spawn(job)
  local options, definition = job.options, job.definition
  job:status("spawning")
  job.report({ stage = "spawn", text = "starting " .. definition.cmd })
  lock_worktree(job)
  local cmd, args, typed = definitions.command(definition, options.prompt)
  job.handle = job:check("spawn", sessions.spawn({
    uuid = job.uuid,
    name = shortened(options.name or options.branch or job.kind, MAX_NAME_BYTES),
    cmd = cmd,
    args = args,
    cwd = job.path,
    env = job.env,
    port = job.port,
    rows = options.rows or definition.rows,
    cols = options.cols or definition.cols,
    meta = {
      type = "agent",
      agent = job.kind,
      branch = options.branch,
      worktree_path = job.path,
      in_place = options.in_place or nil,
      base_ref = job.base_ref,
      new_branch = job.new_branch or nil,
      prompt = shortened(options.prompt, KEPT_PROMPT_BYTES),
      created_by = options.created_by,
      token_sha256 = job.token_sha256,
      metadata = options.metadata,
    },
  }, { type = "agent", name = job.kind, branch = options.branch, worktree_path = job.path }))
  job:on_undo("the session", function() return job.handle:kill() end)
  if typed then typed_prompts.deliver(job.handle, typed) end
end

function M.register(job)
  job:check("register", hub.register_agent(job.uuid, { agent = job.handle }))
  job:on_undo(nil, function() return hub.unregister_agent(job.uuid) end)
  job.record = job:check("register", job.handle:info())
end

-- An accessory that does not start is a warning: the agent can work without it.
function M.accessories(job)
  for _, accessory in ipairs(job.accessories) do
    job.report({ stage = "accessories", text = "starting " .. accessory.name })
    local place = { worktree_path = job.path, branch = job.options.branch, ports = job.ports }
    local handle, err = accessories.start(accessory, place)
    if handle then
      job.started[#job.started + 1] = { name = accessory.name, session_uuid = handle.uuid, port = job.ports[accessory.name] }
    else
      if job.ports[accessory.name] then pty.release_port(job.ports[accessory.name]) end
      job.warnings[#job.warnings + 1] = ("the accessory %s did not start: %s"):format(accessory.name, err)
    end
  end
end

return M
