-- What clients can make the hub's Lua do: the methods `agent.*` of protocol/agents.ts. A command is a function of the
-- parameters, which were checked against the protocol, and of `report`, which tells the client how it goes:
-- report({ stage = "worktree", text = "...", percent = 40 }). It answers a value, or nil, err.
local agents = require("hub.agents")
local definitions = require("hub.agent_definitions")
local fail = require("hub.failure")

local M = {}

local commands = {}

-- Adds a command, or replaces it.
function M.register(name, run)
  commands[name] = run
end

-- For the host: true and the value, or false and { code, message, details }. A Lua error goes through.
function M.run(name, params, report)
  local value, err
  if commands[name] then
    value, err = commands[name](params, report)
  else
    value, err = fail("command.unknown", ("the hub's Lua has no command '%s'"):format(name))
  end
  if value ~= nil then return true, value end
  if type(err) ~= "table" then err = { message = tostring(err) } end
  return false, { code = err.code, message = err.message, details = err.details }
end

M.register("agent.new", function(params, report)
  params.created_by = "client"
  return agents.create(params, report)
end)

M.register("agent.list", function()
  return { agents = agents.list() }
end)

M.register("agent.rm", function(params, report)
  return agents.delete(params.id, params, report)
end)

M.register("agent.definitions", function()
  return { definitions = definitions.list() }
end)

return M
