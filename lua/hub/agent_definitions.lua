-- Kinds of agents: how each is started and how it takes a prompt.
--
-- A definition is looked for in three places, each over the one before: the list below, the device's
-- `agents/<name>/`, the repository's `.botster/agents/<name>/`. A folder may hold
--
--   initialization   a script that is run in the worktree instead of a command. An executable one that begins with #!
--                    says itself what runs it, others are run by bash. $BOTSTER_PROMPT has the prompt.
--   port_forward     an empty file: the session gets a port of its own, $PORT
--   settings.json    any of the fields of `fields` below
--
-- A script or a `cmd` replaces the command of the layers below; other fields replace one by one.
local fail = require("hub.failure")
local layers = require("hub.layers")

local M = {}

-- `prompt`: "argument" puts it on the command line, behind `prompt_option` if there is one; "typed" types it once the
-- program waits for input; "env" leaves it to $BOTSTER_PROMPT, which is set in any case.
-- The options are those of the tools' own documentation. Aider's --message ends after one answer, so it is typed.
M.builtin = {
  claude = { description = "Claude Code", cmd = "claude", prompt = "argument" },
  codex = { description = "OpenAI Codex", cmd = "codex", prompt = "argument" },
  gemini = { description = "Gemini CLI", cmd = "gemini", prompt = "argument", prompt_option = "--prompt-interactive" },
  opencode = { description = "opencode", cmd = "opencode", prompt = "argument", prompt_option = "--prompt" },
  aider = { description = "aider", cmd = "aider", prompt = "typed" },
  shell = { description = "an interactive shell", cmd = config.env("SHELL") or "/bin/sh", prompt = "typed" },
}

local function text(value) return type(value) == "string" and value ~= "" end
local function flag(value) return type(value) == "boolean" end
local function size(most)
  return function(value) return math.type(value) == "integer" and value >= 1 and value <= most end
end
local function list_of_text(value)
  if type(value) ~= "table" then return false end
  local count = 0
  for _, entry in pairs(value) do
    if type(entry) ~= "string" then return false end
    count = count + 1
  end
  return count == #value
end
local function map_of_text(value)
  if type(value) ~= "table" then return false end
  for key, entry in pairs(value) do
    if type(key) ~= "string" or type(entry) ~= "string" then return false end
  end
  return true
end

-- What settings.json may say: field -> { check, what it must be }.
M.fields = {
  description = { text, "text" },
  cmd = { text, "a command: a name in PATH or a path" },
  args = { list_of_text, "a list of texts" },
  env = { map_of_text, "an object of texts" },
  rows = { size(1000), "a number of rows, 1 to 1000" },
  cols = { size(2000), "a number of columns, 1 to 2000" },
  prompt = {
    function(value) return value == "argument" or value == "typed" or value == "env" end,
    '"argument", "typed" or "env"',
  },
  prompt_option = { text, "an option, such as --prompt" },
  port_forward = { flag, "true or false" },
  -- When the command ends, a shell goes on in its place.
  keep_open = { flag, "true or false" },
}

local function check(settings, path)
  for field, value in pairs(settings) do
    local rule = M.fields[field]
    if not rule then
      local known = {}
      for name in pairs(M.fields) do known[#known + 1] = name end
      table.sort(known)
      local message = "%s: there is no setting '%s'; there are: %s"
      return fail("agent.bad_settings", message:format(path, field, table.concat(known, ", ")), { path = path })
    end
    if not rule[1](value) then
      return fail("agent.bad_settings", ("%s: '%s' must be %s"):format(path, field, rule[2]), { path = path })
    end
  end
  return true
end

-- Lays one layer's folder over `definition`. Answers whether there was anything.
local function lay_over(definition, layer, folder)
  local settings, err = layers.read_json(folder .. "/settings.json")
  if err then return nil, err end
  local script = fs.stat(folder .. "/initialization")
  if not settings and not script then return false end
  if settings then
    local fine, why = check(settings, folder .. "/settings.json")
    if not fine then return nil, why end
    if settings.cmd then
      -- Another program: how the one below took its arguments and prompt says nothing about it.
      definition.script, definition.args, definition.prompt_option = nil, nil, nil
      definition.prompt = "typed"
    end
    for field, value in pairs(settings) do definition[field] = value end
  end
  if script then
    definition.script = folder .. "/initialization"
    definition.cmd, definition.args = layers.script_command(definition.script, script.mode)
    definition.prompt = settings and settings.prompt or "env"
    definition.prompt_option = settings and settings.prompt_option
  end
  if fs.exists(folder .. "/port_forward") then definition.port_forward = true end
  definition.from = layer
  return true
end

-- The definition of a kind of agent. Errors: agent.unknown_type, agent.bad_settings.
function M.get(name)
  local definition = { name = name, args = {}, prompt = "typed" }
  for field, value in pairs(M.builtin[name] or {}) do definition[field] = value end
  if M.builtin[name] then definition.from = "built-in" end
  if layers.valid_name(name) then
    for _, layer in ipairs(layers.all()) do
      local _, err = lay_over(definition, layer.name, ("%s/agents/%s"):format(layer.folder, name))
      if err then return nil, err end
    end
  end
  if not definition.from then
    local message = "there is no agent '%s'; there are: %s. Add one in .botster/agents/%s/"
    return fail("agent.unknown_type", message:format(name, table.concat(M.names(), ", "), name), { agent = name })
  end
  definition.args = definition.args or {}
  if not definition.cmd then
    local message = "the agent '%s' says nothing to run: add a script 'initialization' or a 'cmd' in settings.json"
    return fail("agent.bad_settings", message:format(name), { agent = name })
  end
  return definition
end

function M.names()
  local seen, names = {}, {}
  for _, name in ipairs(layers.names("agents")) do seen[name] = true end
  for name in pairs(M.builtin) do seen[name] = true end
  for name in pairs(seen) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Where a command is, as a shell would look for it; nil if it is not there or not executable.
function M.find_command(cmd)
  local folders = cmd:find("/", 1, true) and { "" } or {}
  if #folders == 0 then
    for folder in (config.env("PATH") or ""):gmatch("[^:]+") do folders[#folders + 1] = folder .. "/" end
  end
  for _, folder in ipairs(folders) do
    local stat = fs.stat(folder .. cmd)
    if stat and stat.is_file and stat.mode & 73 ~= 0 then return folder .. cmd end
  end
end

-- All kinds: { name, description, from, cmd, prompt, installed, path?, error? }. One with bad settings has the error.
function M.list()
  local list = json.array()
  for _, name in ipairs(M.names()) do
    local definition, err = M.get(name)
    if definition then
      local path = definition.script or M.find_command(definition.cmd)
      list[#list + 1] = {
        name = name,
        description = definition.description or (definition.script and "a script" or definition.cmd),
        from = definition.from,
        cmd = definition.cmd,
        prompt = definition.prompt,
        installed = path ~= nil,
        path = path,
      }
    else
      list[#list + 1] = { name = name, description = "", from = "?", cmd = "", prompt = "env", installed = false, error = err.message }
    end
  end
  return list
end

-- Goes on with a shell when the command has ended, so that its last words stay and can be looked into.
local KEEP_OPEN = [[trap : INT
"$@"
status=$?
trap - INT
printf '\n[%s ended with status %s. This is a shell in its place.]\n' "$1" "$status"
exec "${SHELL:-/bin/sh}"]]

-- What to run for a prompt: cmd, args, and what is still to be typed.
function M.command(definition, prompt)
  local args = table.move(definition.args, 1, #definition.args, 1, {})
  local typed
  if prompt and definition.prompt == "argument" then
    if definition.prompt_option then
      -- One argument, so that a prompt that begins with a dash is no option of its own.
      args[#args + 1] = ("%s=%s"):format(definition.prompt_option, prompt)
    else
      if prompt:sub(1, 1) == "-" then args[#args + 1] = "--" end
      args[#args + 1] = prompt
    end
  elseif prompt and definition.prompt == "typed" then
    typed = prompt
  end
  if not definition.keep_open then return definition.cmd, args, typed end
  return "/bin/sh", table.move(args, 1, #args, 5, { "-c", KEEP_OPEN, "botster", definition.cmd }), typed
end

return M
